// The shim moves many frames a call between a libzmq socket and memory of the caller's.

#ifndef METLOG_SHIM_H
#define METLOG_SHIM_H

#include <stddef.h>
#include <zmq.h>

enum {
    METLOG_FRAMES = 256,         // frames a call
    METLOG_BYTES = 256 << 10,    // bytes a call, exceeded by at most the last frame
};

// A metlog_batch holds the frames between two calls: those received and not yet taken, or those to be sent.
typedef struct {
    zmq_msg_t frame[METLOG_FRAMES];
    size_t size[METLOG_FRAMES];
    void *data[METLOG_FRAMES];
    int count;    // frames in the arrays
    int sent;     // of these, sent
    int dry;      // the last receive ended because there was no frame
    size_t total; // bytes of all
} metlog_batch;

// metlog_wait waits until socket has one of events or control is readable. It returns 0 or an errno; *woken says whether
// control is readable.
int metlog_wait(void *socket, short events, void *control, int *woken);

// metlog_receive receives what is there. If nothing is, it waits for the first frame: timeout ms, or, if that is negative,
// as metlog_wait does. It then waits for linger ms or control, and tries again. It returns 0, also when there was nothing, or an errno; with frames received it is always 0.
int metlog_receive(metlog_batch *b, void *socket, void *control, long timeout, long linger, int *woken);

// metlog_take copies the frames received one behind the other to slab, which has room for b->total bytes, and frees them.
void metlog_take(metlog_batch *b, char *slab);

// metlog_prepare makes b->count frames of the sizes in b->size and says in b->data where their bytes go. It returns 0 or
// an errno, and then holds no frame.
int metlog_prepare(metlog_batch *b);

// metlog_send sends frames until all are sent or socket takes no more. It returns 0, EAGAIN or another errno.
int metlog_send(metlog_batch *b, void *socket);

// metlog_discard frees the frames that are not sent.
void metlog_discard(metlog_batch *b);

// metlog_type returns the type of a socket, -1 if it is none.
int metlog_type(void *socket);

#endif
