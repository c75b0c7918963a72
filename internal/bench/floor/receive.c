// receive ENDPOINT COUNT [FILE]: PULLs COUNT frames and does nothing with them, or writes them to FILE as lines. It is the
// least that any receiver does: the floor under ours.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

static char out[64 << 10];

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_PULL);
  int hwm = 1000;
  zmq_setsockopt(socket, ZMQ_RCVHWM, &hwm, sizeof hwm);
  if (zmq_bind(socket, argv[1])) return 1;
  int file = argc > 3 ? open(argv[3], O_CREAT | O_WRONLY | O_TRUNC, 0640) : -1;
  size_t used = 0;
  zmq_msg_t frame;
  zmq_msg_init(&frame);
  for (long left = atol(argv[2]); left > 0; left--) {
    while (zmq_msg_recv(&frame, socket, 0) < 0) continue;
    if (file < 0) continue;
    size_t size = zmq_msg_size(&frame);
    if (used + size + 1 > sizeof out) {
      if (write(file, out, used) != (ssize_t)used) return 1;
      used = 0;
    }
    memcpy(out + used, zmq_msg_data(&frame), size);
    used += size;
    out[used++] = '\n';
  }
  if (file >= 0 && write(file, out, used) != (ssize_t)used) return 1;
  return 0;
}
