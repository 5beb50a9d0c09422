// The plain main of a fuzzer, so that every build compiles and runs it: feeds it each given file,
// or each file of a given folder, as it is and with random changes. The changes follow from the
// seed, so a run that fails fails again.
#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint32_t seeds_per_file = 1000;

std::set<std::filesystem::path> files_of(int count, char** arguments) {
  std::set<std::filesystem::path> files;
  for (int i = 1; i < count; ++i) {
    if (!std::filesystem::is_directory(arguments[i])) {
      files.insert(arguments[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(arguments[i])) {
      if (entry.is_regular_file()) files.insert(entry.path());
    }
  }
  return files;
}

// Removes, repeats or overwrites a few short pieces.
Bytes changed(Bytes bytes, uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](size_t end) { return random() % end; };
  for (size_t changes = 1 + below(4); changes > 0 && !bytes.empty(); --changes) {
    const size_t at = below(bytes.size());
    const size_t length = 1 + below(std::min<size_t>(bytes.size() - at, 12));
    const auto piece = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = piece + static_cast<std::ptrdiff_t>(length);
    switch (below(3)) {
      case 0:
        bytes.erase(piece, end);
        break;
      case 1: {
        const Bytes copy(piece, end);
        const auto to = bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size()));
        bytes.insert(to, copy.begin(), copy.end());
        break;
      }
      default:
        *piece = static_cast<uint8_t>(below(256));
    }
  }
  return bytes;
}

}  // namespace

int main(int count, char** arguments) {
  const auto files = files_of(count, arguments);
  for (const auto& path : files) {
    fmt::print("{}: unchanged and with seeds 0 … {}\n", path.string(), seeds_per_file - 1);
    std::fflush(stdout);
    std::ifstream stream(path, std::ios::binary);
    const Bytes bytes{std::istreambuf_iterator<char>(stream), {}};
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    for (uint32_t seed = 0; seed < seeds_per_file; ++seed) {
      const Bytes input = changed(bytes, seed);
      LLVMFuzzerTestOneInput(input.data(), input.size());
    }
  }
  if (files.empty()) fmt::print("no files were given\n");
  return files.empty() ? 1 : 0;
}
