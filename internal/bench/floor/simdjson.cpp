// simdjson FILE ROUNDS: parses the lines of FILE into DOMs, ROUNDS times, and prints nanoseconds a line.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <simdjson.h>
#include <string>
#include <vector>

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  std::ifstream file(argv[1]);
  std::vector<simdjson::padded_string> lines;
  for (std::string line; std::getline(file, line);) lines.emplace_back(line);
  simdjson::dom::parser parser;
  long rounds = std::atol(argv[2]);
  auto begin = std::chrono::steady_clock::now();
  for (long i = 0; i < rounds; i++)
    for (auto &line : lines)
      if (parser.parse(line).error()) return 1;
  std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  std::printf("%f\n", took.count() / (rounds * lines.size()));
}
