#include "kiln/collectives/mpi/mpi_transport.h"

#include <fmt/format.h>
#include <mpi.h>

#include <climits>
#include <cstring>
#include <deque>
#include <map>
#include <set>

namespace kiln {

namespace {

constexpr int tag = 1;

Status check(int code, const char* what) {
  if (code == MPI_SUCCESS) return Done{};
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  return Error{fmt::format("{}: {}", what, std::string(text, static_cast<size_t>(length)))};
}

// A message: this header, the meeting's key, what the member brings.
struct Header {
  uint64_t sequence;
  uint64_t key_bytes;
  Member from;
};

class MpiTransport : public Transport {
 public:
  MpiTransport(MPI_Comm comm, MpiJob job, int ranks) : comm_(comm), job_(job), ranks_(ranks) {}
  ~MpiTransport() override;
  MpiTransport(const MpiTransport&) = delete;
  MpiTransport& operator=(const MpiTransport&) = delete;

  int rank_count() const override { return ranks_; }
  bool is_local(int32_t rank) const override { return owner(rank) == job_.self; }
  Status send(const MeetingId& id, const Meeting& meeting, Member from,
              const Bytes& bytes) override;
  Result<std::optional<Bytes>> receive(const MeetingId& id, Member from) override;

 private:
  // The p with p * ranks / n <= rank < (p + 1) * ranks / n.
  int owner(int32_t rank) const {
    return static_cast<int>((int64_t{rank + 1} * job_.processes - 1) / ranks_);
  }
  Status collect();

  // A message on its way; its bytes stay until it has left.
  struct Sending {
    Bytes message;
    MPI_Request request = MPI_REQUEST_NULL;
  };

  MPI_Comm comm_;
  const MpiJob job_;
  const int ranks_;
  std::deque<Sending> sending_;
  std::map<std::pair<MeetingId, Member>, Bytes> arrived_;
};

MpiTransport::~MpiTransport() {
  for (Sending& s : sending_) MPI_Wait(&s.request, MPI_STATUS_IGNORE);
  MPI_Comm_free(&comm_);
}

Status MpiTransport::send(const MeetingId& id, const Meeting& meeting, Member from,
                          const Bytes& bytes) {
  std::set<int> processes;
  for (const Member& member : meeting.members) processes.insert(owner(member.rank));
  processes.erase(job_.self);

  const Header header{id.sequence, id.key.size(), from};
  Bytes message(sizeof header + id.key.size() + bytes.size());
  if (message.size() > INT_MAX) {
    return Error{fmt::format("rank {} brings {} bytes; MPI carries {} in a message", from.rank,
                             bytes.size(), INT_MAX)};
  }
  std::memcpy(message.data(), &header, sizeof header);
  std::memcpy(message.data() + sizeof header, id.key.data(), id.key.size());
  if (!bytes.empty()) {
    std::memcpy(message.data() + sizeof header + id.key.size(), bytes.data(), bytes.size());
  }
  for (int process : processes) {
    Sending& s = sending_.emplace_back(Sending{message});
    const int code = MPI_Isend(s.message.data(), static_cast<int>(s.message.size()), MPI_BYTE,
                               process, tag, comm_, &s.request);
    if (Status status = check(code, "MPI_Isend"); !status) return status;
  }
  return Done{};
}

// Takes in every message that is there, and lets go of those that have left.
Status MpiTransport::collect() {
  while (!sending_.empty()) {
    int left = 0;
    MPI_Test(&sending_.front().request, &left, MPI_STATUS_IGNORE);
    if (left == 0) break;
    sending_.pop_front();
  }
  while (true) {
    int found = 0;
    MPI_Message message;
    MPI_Status status;
    const int code = MPI_Improbe(MPI_ANY_SOURCE, tag, comm_, &found, &message, &status);
    if (Status s = check(code, "MPI_Improbe"); !s) return s;
    if (found == 0) return Done{};
    int count = 0;
    MPI_Get_count(&status, MPI_BYTE, &count);
    Bytes bytes(static_cast<size_t>(count));
    MPI_Mrecv(bytes.data(), count, MPI_BYTE, &message, MPI_STATUS_IGNORE);
    Header header;
    std::memcpy(&header, bytes.data(), sizeof header);
    const auto* key = reinterpret_cast<const char*>(bytes.data() + sizeof header);
    MeetingId id{std::string(key, header.key_bytes), header.sequence};
    bytes.erase(bytes.begin(),
                bytes.begin() + static_cast<int64_t>(sizeof header + header.key_bytes));
    arrived_.emplace(std::pair(std::move(id), header.from), std::move(bytes));
  }
}

Result<std::optional<Bytes>> MpiTransport::receive(const MeetingId& id, Member from) {
  if (Status status = collect(); !status) return status.error();
  const auto found = arrived_.find({id, from});
  if (found == arrived_.end()) return std::optional<Bytes>();
  std::optional<Bytes> bytes = std::move(found->second);
  arrived_.erase(found);
  return bytes;
}

}  // namespace

Result<MpiJob> mpi_job() {
  int is_started = 0;
  MPI_Initialized(&is_started);
  if (is_started == 0) {
    if (Status status = check(MPI_Init(nullptr, nullptr), "MPI_Init"); !status) {
      return status.error();
    }
    std::atexit([] { MPI_Finalize(); });
  }
  MpiJob job;
  MPI_Comm_size(MPI_COMM_WORLD, &job.processes);
  MPI_Comm_rank(MPI_COMM_WORLD, &job.self);
  return job;
}

Result<std::unique_ptr<Transport>> make_mpi_transport(int ranks) {
  const Result<MpiJob> job = mpi_job();
  if (!job) return job.error();
  if (ranks < job->processes) {
    return Error{fmt::format("{} ranks for {} MPI processes; each process has one or more", ranks,
                             job->processes)};
  }
  MPI_Comm comm;
  if (Status status = check(MPI_Comm_dup(MPI_COMM_WORLD, &comm), "MPI_Comm_dup"); !status) {
    return status.error();
  }
  return std::unique_ptr<Transport>(std::make_unique<MpiTransport>(comm, *job, ranks));
}

}  // namespace kiln
