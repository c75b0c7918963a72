//go:build cgo

#include <errno.h>
#include <sched.h>
#include <string.h>
#include "shim.h"

// poll_items waits for the items, the last of which is control if woken is set. A signal starts the timeout again.
static int poll_items(zmq_pollitem_t *items, int count, long timeout, int *woken) {
    while (zmq_poll(items, count, timeout) < 0)
        if (zmq_errno() != EINTR)
            return zmq_errno();
    if (woken)
        *woken = items[count - 1].revents != 0;
    return 0;
}

int metlog_wait(void *socket, short events, void *control, int *woken) {
    zmq_pollitem_t items[] = {{socket, 0, events, 0}, {control, 0, ZMQ_POLLIN, 0}};
    return poll_items(items, 2, -1, woken);
}

// fill receives until there is no more or the batch is full.
static int fill(metlog_batch *b, void *socket) {
    b->dry = 0;
    while (b->count < METLOG_FRAMES && b->total < METLOG_BYTES) {
        zmq_msg_t *frame = &b->frame[b->count];
        int rc;
        zmq_msg_init(frame);
        do
            rc = zmq_msg_recv(frame, socket, ZMQ_DONTWAIT);
        while (rc < 0 && zmq_errno() == EINTR);
        if (rc < 0) {
            int err = zmq_errno();
            zmq_msg_close(frame);
            b->dry = err == EAGAIN;
            return err;
        }
        b->size[b->count] = zmq_msg_size(frame);
        b->total += b->size[b->count++];
    }
    return 0;
}

// first waits as metlog_receive does.
static int first(void *socket, void *control, long timeout, long linger, int *woken) {
    zmq_pollitem_t items[] = {{socket, 0, ZMQ_POLLIN, 0}, {control, 0, ZMQ_POLLIN, 0}};
    int err = timeout < 0 ? poll_items(items, 2, -1, woken) : poll_items(items, 1, timeout, NULL);
    if (err == 0 && linger > 0 && !*woken)
        err = poll_items(items + 1, 1, linger, woken);
    return err;
}

int metlog_receive(metlog_batch *b, void *socket, void *control, long timeout, long linger, int *woken) {
    int err = EAGAIN;
    b->count = 0;
    b->total = 0;
    *woken = 0;
    if (!b->dry || timeout == 0)
        err = fill(b, socket);
    if (err == EAGAIN && b->count == 0 && timeout != 0 && linger == 0) {
        // Under load libzmq's thread has more as soon as it gets a processor: giving it this one costs less than a poll.
        sched_yield();
        err = fill(b, socket);
    }
    if (err == EAGAIN && b->count == 0 && timeout != 0) {
        err = first(socket, control, timeout, linger, woken);
        if (err == 0)
            err = fill(b, socket);
    }
    return b->count > 0 || err == EAGAIN ? 0 : err;
}

void metlog_take(metlog_batch *b, char *slab) {
    for (int i = 0; i < b->count; i++) {
        if (b->size[i] > 0)
            memcpy(slab, zmq_msg_data(&b->frame[i]), b->size[i]);
        slab += b->size[i];
        zmq_msg_close(&b->frame[i]);
    }
    b->count = 0;
}

int metlog_prepare(metlog_batch *b) {
    b->sent = 0;
    for (int i = 0; i < b->count; i++) {
        if (zmq_msg_init_size(&b->frame[i], b->size[i]) < 0) {
            b->count = i;
            metlog_discard(b);
            return ENOMEM;
        }
        b->data[i] = zmq_msg_data(&b->frame[i]);
    }
    return 0;
}

int metlog_send(metlog_batch *b, void *socket) {
    while (b->sent < b->count) {
        int rc;
        do
            rc = zmq_msg_send(&b->frame[b->sent], socket, ZMQ_DONTWAIT);
        while (rc < 0 && zmq_errno() == EINTR);
        if (rc < 0)
            return zmq_errno();
        b->sent++;
    }
    return 0;
}

void metlog_discard(metlog_batch *b) {
    for (; b->sent < b->count; b->sent++)
        zmq_msg_close(&b->frame[b->sent]);
    b->count = 0;
    b->sent = 0;
}

int metlog_type(void *socket) {
    int type = -1;
    size_t size = sizeof type;
    return zmq_getsockopt(socket, ZMQ_TYPE, &type, &size) < 0 ? -1 : type;
}
