// Perfetto traces read back, for tests of what writes them.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace kiln {

struct DecodedSlice {
  uint64_t uuid = 0;  // of the track
  std::string track, name;
  uint64_t begin_ns = 0, end_ns = 0;
  std::map<std::string, std::string> arguments;
  std::vector<uint64_t> flows_from, flows_to;
};

struct DecodedSample {
  uint64_t at_ns = 0;
  double value = 0;
};

class DecodedTrace {
 public:
  explicit DecodedTrace(const std::string& bytes) {
    protozero::pbf_reader trace(bytes);
    while (trace.next(1)) read_packet(trace.get_message());
    for (const auto& [track, open] : open_) CHECK(open.empty());
  }

  std::vector<DecodedSlice> on(const std::string& track) const {
    std::vector<DecodedSlice> found;
    for (const DecodedSlice& slice : slices) {
      if (slice.track == track) found.push_back(slice);
    }
    return found;
  }

  std::vector<DecodedSlice> slices;  // in the order of their ends in the file
  std::map<std::string, std::vector<DecodedSample>> counters;
  std::vector<std::string> threads, labels;
  std::map<std::string, int> texts;  // how often each is written

 private:
  using Interned = std::map<protozero::pbf_tag_type, std::map<uint64_t, std::string>>;

  void read_packet(protozero::pbf_reader packet) {
    uint64_t at_ns = 0;
    uint32_t sequence = 0;
    protozero::data_view event, track, interned;
    while (packet.next()) {
      switch (packet.tag()) {
        case 8:
          at_ns = packet.get_uint64();
          break;
        case 10:
          sequence = packet.get_uint32();
          break;
        case 11:
          event = packet.get_view();
          break;
        case 12:
          interned = packet.get_view();
          break;
        case 60:
          track = packet.get_view();
          break;
        default:
          packet.skip();
      }
    }
    interned_ = &sequences_[sequence];
    if (!interned.empty()) read_interned(protozero::pbf_reader(interned));
    if (!track.empty()) read_track(protozero::pbf_reader(track));
    if (!event.empty()) read_event(protozero::pbf_reader(event), at_ns);
  }

  void read_interned(protozero::pbf_reader interned) {
    while (interned.next()) {
      const auto kind = interned.tag();
      protozero::pbf_reader entry = interned.get_message();
      uint64_t id = 0;
      std::string text;
      while (entry.next()) {
        if (entry.tag() == 1) {
          id = entry.get_uint64();
        } else {
          text = entry.get_string();
        }
      }
      CHECK((*interned_)[kind].emplace(id, text).second);
      if (kind == 29) ++texts[text];
    }
  }

  void read_track(protozero::pbf_reader track) {
    uint64_t uuid = 0;
    std::string name;
    while (track.next()) {
      switch (track.tag()) {
        case 1:
          uuid = track.get_uint64();
          break;
        case 2:
          name = track.get_string();
          break;
        case 3: {
          protozero::pbf_reader process = track.get_message();
          while (process.next()) {
            if (process.tag() == 6) {
              name = process.get_string();
            } else if (process.tag() == 8) {
              labels.push_back(process.get_string());
            } else {
              process.skip();
            }
          }
          break;
        }
        case 4: {
          protozero::pbf_reader thread = track.get_message();
          while (thread.next(5)) name = thread.get_string();
          threads.push_back(name);
          break;
        }
        default:
          track.skip();
      }
    }
    CHECK(tracks_.emplace(uuid, name).second);
  }

  void read_event(protozero::pbf_reader event, uint64_t at_ns) {
    DecodedSlice slice;
    int type = 0;
    double value = 0;
    while (event.next()) {
      switch (event.tag()) {
        case 4:
          slice.arguments.insert(read_argument(event.get_message()));
          break;
        case 9:
          type = event.get_enum();
          break;
        case 10:
          slice.name = interned_->at(2).at(event.get_uint64());
          break;
        case 11:
          slice.uuid = event.get_uint64();
          slice.track = tracks_.at(slice.uuid);
          break;
        case 44:
          value = event.get_double();
          break;
        case 47:
          slice.flows_from.push_back(event.get_fixed64());
          break;
        case 48:
          slice.flows_to.push_back(event.get_fixed64());
          break;
        default:
          event.skip();
      }
    }
    std::vector<DecodedSlice>& open = open_[slice.uuid];
    if (type == 1) {
      slice.begin_ns = at_ns;
      open.push_back(slice);
    } else if (type == 2) {
      REQUIRE_FALSE(open.empty());
      open.back().end_ns = at_ns;
      slices.push_back(open.back());
      open.pop_back();
    } else {
      CHECK(type == 4);
      counters[slice.track].push_back({at_ns, value});
    }
  }

  std::pair<std::string, std::string> read_argument(protozero::pbf_reader argument) {
    std::pair<std::string, std::string> read;
    while (argument.next()) {
      switch (argument.tag()) {
        case 1:
          read.first = interned_->at(3).at(argument.get_uint64());
          break;
        case 2:
          read.second = argument.get_bool() ? "true" : "false";
          break;
        case 4:
          read.second = std::to_string(argument.get_int64());
          break;
        case 5:
          read.second = fmt::format("{}", argument.get_double());
          break;
        case 17:
          read.second = interned_->at(29).at(argument.get_uint64());
          break;
        default:
          argument.skip();
      }
    }
    return read;
  }

  std::map<uint64_t, std::string> tracks_;
  std::map<uint32_t, Interned> sequences_;
  Interned* interned_ = nullptr;                        // of the packet's sequence
  std::map<uint64_t, std::vector<DecodedSlice>> open_;  // by track
};

}  // namespace kiln
