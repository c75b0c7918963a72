// send ENDPOINT FILE COUNT RATE: PUSHes COUNT frames, the lines of FILE over and over, RATE a second (0: flat out).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  FILE *file = fopen(argv[2], "r");
  if (!file) return 1;
  static char text[1 << 20];
  static char *line[4096];
  static size_t length[4096];
  size_t size = fread(text, 1, sizeof text - 1, file), lines = 0;
  text[size] = 0;
  for (char *p = strtok(text, "\n"); p && lines < 4096; p = strtok(NULL, "\n")) line[lines] = p, length[lines++] = strlen(p);
  long count = atol(argv[3]);
  double rate = atof(argv[4]);

  void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_PUSH);
  int hwm = 1000;
  zmq_setsockopt(socket, ZMQ_SNDHWM, &hwm, sizeof hwm);
  if (zmq_connect(socket, argv[1])) return 1;
  double begin = now();
  for (long i = 0; i < count; i++) {
    if (rate > 0)
      for (double ahead; (ahead = begin + i / rate - now()) > 0;) {
        struct timespec nap = {0, ahead > 0.01 ? 10000000 : (long)(ahead * 1e9)};
        nanosleep(&nap, NULL);
      }
    if (zmq_send(socket, line[i % lines], length[i % lines], 0) < 0) return 1;
  }
  zmq_close(socket);
  zmq_ctx_term(context);
  return 0;
}
