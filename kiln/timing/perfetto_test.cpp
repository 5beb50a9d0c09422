// What a trace says, read back field by field, and that a file is there in whole or not at all.
// tests/python/test_perfetto.py reads one by Perfetto's own schema.
#include "kiln/timing/perfetto.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <stdexcept>

#include "tests/decoded_trace.h"
#include "tests/program_text.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "kiln_perfetto_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { std::filesystem::remove_all(path_); }

  std::filesystem::path file() const { return path_ / "k.pftrace"; }
  std::string contents() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void put(std::string_view text) const { std::ofstream(file()) << text; }
  int64_t files() const { return std::distance(std::filesystem::directory_iterator(path_), {}); }

 private:
  std::filesystem::path path_;
};

// A load, a matmul, a copy of its result and a store; the third line has no name for its tensor.
std::shared_ptr<const Program> load_multiply_store() {
  return parsed_program(R"(storage %0 "a" shared_hbm float32 [128, 128] input
storage %1 "" shared_hbm float32 [128, 128]
storage %2 "" sbuf float32 [128, 128]
storage %3 "" psum float32 [128, 128]
storage %4 "" sbuf float32 [128, 128]
dma_copy dst=%2 src=%0 @0:11
nc_matmul dst=%3 stationary=%2 moving=%2 @0:12
tensor_copy dst=%4 src=%3 @0:13
dma_copy dst=%1 src=%4 @0:14
output %1
)");
}

Timeline timeline_of(const Program& program, std::vector<TimelineStep> steps,
                     std::vector<TimelineTransfer> transfers = {}) {
  Timeline timeline;
  for (const TimelineStep& step : steps) {
    timeline.total_ns = std::max(timeline.total_ns, step.end_ns);
  }
  timeline.cores.push_back(
      {.program = &program, .steps = std::move(steps), .transfers = std::move(transfers)});
  return timeline;
}

TimelineStep step(uint32_t instruction, Engine engine, double start_ns, double free_ns,
                  double end_ns) {
  TimelineStep step{.instruction = instruction, .engine = engine};
  step.start_ns = start_ns;
  step.free_ns = free_ns;
  step.end_ns = end_ns;
  return step;
}

Timeline load_multiply_store_timeline(const Program& program) {
  std::vector<TimelineStep> steps{
      step(0, Engine::sync, 10, 30, 500), step(1, Engine::tensor, 550, 600, 650),
      step(2, Engine::vector, 650, 700, 720), step(3, Engine::unknown, 720, 720, 1000)};
  steps[0].transfer = 0;
  steps[1].waited_for = 0;
  steps[1].wait = Wait::load;
  steps[1].weights_ns = 50;
  steps[2].waited_for = 1;
  steps[3].waited_for = 2;
  steps[3].transfer = 1;
  TimelineTransfer load{.step = 0, .first_engine = 2, .engines = 4, .descriptors = 128};
  load.bytes = 65536;
  load.issued_ns = 30;
  load.start_ns = 100;
  load.end_ns = 500;
  TimelineTransfer store{.step = 3, .first_engine = 0, .engines = 1, .queue = 3};
  store.bytes = 65536;
  store.issued_ns = 720;
  store.start_ns = 800;
  store.end_ns = 1000;
  return timeline_of(program, std::move(steps), {load, store});
}

struct Written {
  PerfettoSummary summary;
  DecodedTrace trace;
};

Written write(const Timeline& timeline, const PerfettoOptions& options = {}) {
  const TestFolder folder;
  const Result<PerfettoSummary> summary = write_perfetto(timeline, folder.file(), options);
  REQUIRE(summary.ok());
  const std::string bytes = folder.contents();
  CHECK(summary->bytes == static_cast<int64_t>(bytes.size()));
  return {*summary, DecodedTrace(bytes)};
}

std::vector<std::string> spans(const std::vector<DecodedSlice>& slices) {
  std::vector<std::string> texts;
  for (const DecodedSlice& s : slices) {
    texts.push_back(fmt::format("{} {}-{}", s.name, s.begin_ns, s.end_ns));
  }
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("engines, queues and DMA engines are tracks") {
  const auto program = load_multiply_store();
  const Written written = write(load_multiply_store_timeline(*program));
  const DecodedTrace& trace = written.trace;
  CHECK(trace.threads == Texts{"Tensor Engine - Row 0", "TensorMatrix Engine - Row 0",
                               "Vector Engine - Row 0", "Sync Engine - Row 0", "qSyncHwDge - Row 0",
                               "qStatic - Row 0", "DMA Engine 0 - Row 0", "DMA Engine 2 - Row 0",
                               "DMA Engine 3 - Row 0", "DMA Engine 4 - Row 0",
                               "DMA Engine 5 - Row 0"});
  CHECK(spans(trace.on("Tensor Engine - Row 0")) == Texts{"LDWEIGHTS 500-550"});
  CHECK(spans(trace.on("TensorMatrix Engine - Row 0")) == Texts{"nc_matmul 550-650"});
  CHECK(spans(trace.on("Vector Engine - Row 0")) == Texts{"tensor_copy 650-720"});
  CHECK(spans(trace.on("Sync Engine - Row 0")) == Texts{"dma_copy 10-30"});
  CHECK(spans(trace.on("qSyncHwDge - Row 0")) == Texts{"a 30-500"});
  CHECK(spans(trace.on("DMA Engine 5 - Row 0")) == Texts{"a 100-500"});
  CHECK(spans(trace.on("DMA Engine 0 - Row 0")) == Texts{"dma_copy 800-1000"});
  CHECK(written.summary.slices == 11);
  CHECK(written.summary.slices_left_out == 0);
}

TEST_CASE("a trace says that it is a simulation") {
  const auto program = load_multiply_store();
  Timeline timeline = load_multiply_store_timeline(*program);
  timeline.prologue_ns = 10;
  timeline.unknown.push_back({"iota on gpsimd", "as affine_select", 3});
  const DecodedTrace trace = write(timeline).trace;
  CHECK(trace.labels == Texts{"simulation, not a measurement"});
  const std::vector<DecodedSlice> slices = trace.on("Instructions 0");
  CHECK(spans(slices) == Texts{"prologue 0-10", "k (simulation) 0-1000"});
  CHECK(slices[1].arguments ==
        std::map<std::string, std::string>{{"is_simulation", "true"},
                                           {"target", "trn2"},
                                           {"slices_left_out", "0"},
                                           {"assumed_cost",
                                            "iota on gpsimd: as affine_select "
                                            "(3 times)"}});
}

TEST_CASE("arguments tell what a slice is") {
  const auto program = load_multiply_store();
  PerfettoOptions options;
  options.operands = [](size_t core, uint32_t i) { return fmt::format("text {} {}", core, i); };
  const DecodedTrace trace = write(load_multiply_store_timeline(*program), options).trace;
  CHECK(trace.on("TensorMatrix Engine - Row 0")[0].arguments ==
        std::map<std::string, std::string>{{"duration", "100"},
                                           {"timestamp", "550"},
                                           {"opcode", "nc_matmul"},
                                           {"operands", "text 0 1"},
                                           {"pc", "1"},
                                           {"id", "1"},
                                           {"inst_dep_ids", "0"},
                                           {"wait", "load"},
                                           {"nki_source_location", "k.py:12"}});
  CHECK(trace.on("qSyncHwDge - Row 0")[0].arguments ==
        std::map<std::string, std::string>{{"duration", "470"},
                                           {"timestamp", "30"},
                                           {"opcode", "dma_copy"},
                                           {"operands", "text 0 0"},
                                           {"pc", "0"},
                                           {"id", "0"},
                                           {"nki_source_location", "k.py:11"},
                                           {"bytes", "65536"},
                                           {"descriptors", "128"},
                                           {"GB/s", "163.84"}});
  // Each engine tells of its share, the first one also of the instruction.
  std::map<std::string, std::string> share = trace.on("DMA Engine 2 - Row 0")[0].arguments;
  CHECK(share.erase("operands") == 1);
  CHECK(share == std::map<std::string, std::string>{{"duration", "400"},
                                                    {"timestamp", "100"},
                                                    {"opcode", "dma_copy"},
                                                    {"pc", "0"},
                                                    {"id", "0"},
                                                    {"nki_source_location", "k.py:11"},
                                                    {"bytes", "16384"},
                                                    {"GB/s", "40.96"}});
  CHECK(trace.on("DMA Engine 3 - Row 0")[0].arguments == share);
}

TEST_CASE("an instruction's text is asked for and written once") {
  const auto program = load_multiply_store();
  std::vector<TimelineStep> steps;
  for (int i = 0; i < 5; ++i) steps.push_back(step(2, Engine::vector, i * 10, 0, i * 10 + 10));
  std::map<uint32_t, int> asked;
  PerfettoOptions options;
  options.operands = [&](size_t, uint32_t instruction) {
    ++asked[instruction];
    return std::string("tensor_copy dst=%4 src=%3");
  };
  const DecodedTrace trace = write(timeline_of(*program, steps), options).trace;
  CHECK(trace.on("Vector Engine - Row 0").size() == 5);
  CHECK(asked == std::map<uint32_t, int>{{2, 1}});
  CHECK(trace.texts.at("tensor_copy dst=%4 src=%3") == 1);
  CHECK(trace.texts.at("k.py:13") == 1);
  CHECK(trace.texts.at("tensor_copy") == 1);
}

TEST_CASE("what overlaps goes to further rows") {
  const auto program = load_multiply_store();
  const Timeline timeline = timeline_of(
      *program, {step(1, Engine::tensor, 0, 50, 100), step(1, Engine::tensor, 50, 99, 150),
                 step(1, Engine::tensor, 99.6, 140, 180)});
  const DecodedTrace trace = write(timeline).trace;
  CHECK(spans(trace.on("TensorMatrix Engine - Row 0")) ==
        Texts{"nc_matmul 0-100", "nc_matmul 100-180"});
  CHECK(spans(trace.on("TensorMatrix Engine - Row 1")) == Texts{"nc_matmul 50-150"});

  const Written one_row = write(timeline, {.rows_max = 1});
  CHECK(one_row.trace.on("TensorMatrix Engine - Row 1").empty());
  CHECK(one_row.summary.slices == 2);
  CHECK(one_row.summary.slices_left_out == 1);
}

TEST_CASE("nothing overlaps on a row, in any order of steps") {
  std::mt19937 random(7);
  const auto program = load_multiply_store();
  std::vector<TimelineStep> steps;
  std::vector<TimelineTransfer> transfers;
  const auto pick = [&](int below) { return static_cast<double>(random() % below) / 4; };
  for (uint32_t i = 0; i < 500; ++i) {
    const double start_ns = pick(8000), end_ns = start_ns + pick(100);
    steps.push_back(step(1, Engine::tensor, start_ns, end_ns, end_ns));
    steps.back().weights_ns = static_cast<float>(pick(40));
    steps.push_back(step(0, Engine::sync, start_ns, start_ns, end_ns));
    steps.back().transfer = static_cast<uint32_t>(transfers.size());
    TimelineTransfer transfer{.step = 2 * i + 1, .first_engine = 3, .engines = 2};
    transfer.issued_ns = std::max(0.0, start_ns - pick(100));
    transfer.start_ns = start_ns;
    transfer.end_ns = end_ns;
    transfers.push_back(transfer);
  }
  const Written written = write(timeline_of(*program, steps, transfers), {.rows_max = 1000});
  CHECK(written.summary.slices_left_out == 0);
  CHECK(written.summary.slices > 2000);
  std::map<std::string, uint64_t> end_ns;
  for (const DecodedSlice& slice : written.trace.slices) {
    if (slice.track == "Instructions 0") continue;
    CHECK(slice.begin_ns >= end_ns[slice.track]);
    CHECK(slice.end_ns >= slice.begin_ns);
    end_ns[slice.track] = slice.end_ns;
  }
}

TEST_CASE("with too many slices, those that begin last are left out and told of") {
  const auto program = load_multiply_store();
  const Timeline timeline = load_multiply_store_timeline(*program);
  const Written written = write(timeline, {.slices_max = 8});
  CHECK(written.summary.slices == 8);
  CHECK(written.summary.slices_left_out == 3);
  CHECK(written.summary.cut_ns == 650);
  CHECK(spans(written.trace.on("TensorMatrix Engine - Row 0")) == Texts{"nc_matmul 550-650"});
  CHECK(written.trace.on("Vector Engine - Row 0").empty());
  const std::vector<DecodedSlice> told = written.trace.on("Instructions 0");
  CHECK(spans(told) == Texts{"slices left out 650-1000", "k (simulation) 0-1000"});
  CHECK(told[1].arguments.at("slices_left_out") == "3");
  // Four engines begin to move the load at once.
  CHECK(write(timeline, {.slices_max = 4}).summary.slices == 2);
  CHECK(write(timeline, {.slices_max = 0}).summary.slices == 0);
}

TEST_CASE("flows lead from what was waited for") {
  const auto program = load_multiply_store();
  const Timeline timeline = load_multiply_store_timeline(*program);
  const Written written = write(timeline);
  CHECK(written.summary.flows == 3);
  CHECK(written.summary.flows_left_out == 0);
  std::map<uint64_t, Texts> ends;
  for (const DecodedSlice& slice : written.trace.slices) {
    for (const uint64_t id : slice.flows_from) ends[id].insert(ends[id].begin(), slice.track);
    for (const uint64_t id : slice.flows_to) ends[id].push_back(slice.track);
  }
  std::vector<Texts> flows;
  for (const auto& [id, tracks] : ends) flows.push_back(tracks);
  CHECK(flows == std::vector<Texts>{
                     {"DMA Engine 2 - Row 0", "TensorMatrix Engine - Row 0"},
                     {"TensorMatrix Engine - Row 0", "Vector Engine - Row 0"},
                     {"Vector Engine - Row 0", "DMA Engine 0 - Row 0"},
                 });

  const Written without = write(timeline, {.flows_max = 2});
  CHECK(without.summary.flows == 0);
  CHECK(without.summary.flows_left_out == 3);
  for (const DecodedSlice& slice : without.trace.slices) CHECK(slice.flows_to.empty());

  const Written cut = write(timeline, {.slices_max = 8});
  CHECK(cut.summary.flows == 1);
  CHECK(cut.trace.on("TensorMatrix Engine - Row 0")[0].flows_from.empty());
}

TEST_CASE("counters") {
  const auto program = load_multiply_store();
  Timeline timeline = load_multiply_store_timeline(*program);
  timeline.cores[0].throttled = {{200, 300}, {400, 410}};
  PerfettoOptions options{.samples_max = 10};
  options.sbuf_usage = {{{0, 0.25}, {600, 0.5}}};
  const DecodedTrace trace = write(timeline, options).trace;
  const auto values = [&](const std::string& counter) {
    Texts texts;
    for (const DecodedSample& sample : trace.counters.at(counter)) {
      texts.push_back(fmt::format("{}: {:.6g}", sample.at_ns, sample.value));
    }
    return texts;
  };
  CHECK(values("DMA Throughput") ==
        Texts{"0: 0", "100: 163.84", "500: 0", "800: 327.68", "1000: 0"});
  CHECK(values("Pending DMA Count") ==
        Texts{"0: 0.7", "100: 1", "500: 0", "700: 0.8", "800: 1", "1000: 0"});
  CHECK(values("Throttling") == Texts{"0: 0", "200: 1", "300: 0", "400: 1", "410: 0"});
  CHECK(values("Sb Usage") == Texts{"0: 0.25", "600: 0.5"});

  options.sbuf_usage.clear();
  CHECK(write(timeline, options).trace.counters.count("Sb Usage") == 0);
}

TEST_CASE("each core is a process") {
  const auto program = load_multiply_store();
  Timeline timeline = load_multiply_store_timeline(*program);
  timeline.cores.push_back(timeline.cores[0]);
  PerfettoOptions options;
  options.operands = [](size_t core, uint32_t) { return fmt::format("of core {}", core); };
  const Written written = write(timeline, options);
  CHECK(written.summary.slices == 22);
  CHECK(written.summary.flows == 6);
  CHECK(written.trace.on("Instructions 1").size() == 1);
  const std::vector<DecodedSlice> matmuls = written.trace.on("TensorMatrix Engine - Row 0");
  REQUIRE(matmuls.size() == 2);
  CHECK(matmuls[0].uuid != matmuls[1].uuid);
  CHECK(matmuls[0].arguments.at("operands") == "of core 0");
  CHECK(matmuls[1].arguments.at("operands") == "of core 1");
  CHECK(matmuls[0].flows_to != matmuls[1].flows_to);
}

TEST_CASE("an empty timeline is a trace") {
  const auto program = load_multiply_store();
  const Written written = write(timeline_of(*program, {}));
  CHECK(written.summary.slices == 0);
  CHECK(written.trace.on("Instructions 0").size() == 1);
}

namespace {

// Long enough for several writes and calls of progress().
Timeline long_timeline(const Program& program) {
  std::vector<TimelineStep> steps;
  for (int i = 0; i < 50'000; ++i) steps.push_back(step(2, Engine::vector, i, i + 1, i + 1));
  return timeline_of(program, std::move(steps));
}

}  // namespace

TEST_CASE("progress is told, and can stop the writing") {
  const auto program = load_multiply_store();
  const Timeline timeline = long_timeline(*program);
  const TestFolder folder;
  std::vector<double> fractions;
  PerfettoOptions options;
  options.progress = [&](double fraction) {
    fractions.push_back(fraction);
    return true;
  };
  REQUIRE(write_perfetto(timeline, folder.file(), options).ok());
  CHECK(fractions.size() > 3);
  CHECK(std::is_sorted(fractions.begin(), fractions.end()));
  CHECK(fractions.back() == 1);

  folder.put("before");
  options.progress = [](double fraction) { return fraction < 0.5; };
  const auto stopped = write_perfetto(timeline, folder.file(), options);
  REQUIRE_FALSE(stopped.ok());
  CHECK(stopped.error().message == "the writing of " + folder.file().string() + " was stopped");
  CHECK(folder.contents() == "before");
  CHECK(folder.files() == 1);
}

TEST_CASE("nothing half-written is left") {
  const auto program = load_multiply_store();
  const Timeline timeline = long_timeline(*program);
  const TestFolder folder;
  folder.put("before");

  SUBCASE("when a callback throws") {
    PerfettoOptions options;
    options.operands = [](size_t, uint32_t) -> std::string { throw std::runtime_error("no"); };
    CHECK_THROWS_AS((void)write_perfetto(timeline, folder.file(), options), std::runtime_error);
  }
  SUBCASE("when the disk is full") {
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    rlimit small = before;
    small.rlim_cur = 1 << 20;
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    const auto written = write_perfetto(timeline, folder.file());
    REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
    std::signal(SIGXFSZ, handler);
    REQUIRE_FALSE(written.ok());
    CHECK(written.error().message == "cannot write " + folder.file().string() + ": File too large");
  }
  CHECK(folder.contents() == "before");
  CHECK(folder.files() == 1);
}

TEST_CASE("a place that cannot be written is an error") {
  const auto program = load_multiply_store();
  const Timeline timeline = load_multiply_store_timeline(*program);
  const TestFolder folder;
  const auto message = [&](const std::filesystem::path& path) {
    const auto written = write_perfetto(timeline, path);
    return written.ok() ? "" : written.error().message;
  };
  const std::string missing = folder.file().string() + "/none/k.pftrace";
  CHECK(message(missing) == "cannot create " + missing + ": No such file or directory");
  const std::string pipe = folder.file().string();
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(message(pipe) == "cannot write " + pipe + ": it is not a file");
  CHECK(std::filesystem::is_fifo(pipe));
  const std::filesystem::path itself = folder.file().parent_path();
  CHECK(message(itself) == "cannot write " + itself.string() + ": it is not a file");
  CHECK(folder.files() == 1);
}

}  // namespace kiln
