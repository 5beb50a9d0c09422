#include "kiln/timing/trace_packets.h"

#include <protozero/pbf_builder.hpp>
#include <utility>

namespace kiln {

namespace {

// Field numbers of Perfetto's protos/perfetto/trace/.
using Tag = protozero::pbf_tag_type;

constexpr Tag trace_packet_tag = 1;

enum class TracePacketField : Tag {
  timestamp = 8,
  trusted_packet_sequence_id = 10,
  track_event = 11,
  interned_data = 12,
  sequence_flags = 13,
  track_descriptor = 60,
};
constexpr uint32_t incremental_state_cleared = 1, needs_incremental_state = 2;

enum class TrackEventField : Tag {
  debug_annotations = 4,
  type = 9,
  name_iid = 10,
  track_uuid = 11,
  double_counter_value = 44,
  flow_ids = 47,
  terminating_flow_ids = 48,
};
constexpr int slice_begin_type = 1, slice_end_type = 2, counter_type = 4;

enum class DebugAnnotationField : Tag {
  name_iid = 1,
  bool_value = 2,
  int_value = 4,
  double_value = 5,
  string_value_iid = 17,
};

enum class InternedDataField : Tag {
  event_names = 2,
  debug_annotation_names = 3,
  debug_annotation_string_values = 29,
};
// Of an entry of any of these.
enum class InternedField : Tag { iid = 1, text = 2 };

enum class TrackDescriptorField : Tag {
  uuid = 1,
  name = 2,
  process = 3,
  thread = 4,
  parent_uuid = 5,
  counter = 8,
  sibling_order_rank = 12,
  process_ordering = 19,
  thread_ordering = 20,
};
constexpr int explicit_ordering = 1;

enum class ProcessField : Tag { pid = 1, process_name = 6, process_labels = 8 };
enum class ThreadField : Tag { pid = 1, tid = 2, thread_name = 5 };
enum class CounterField : Tag { unit_name = 6 };

template <class Field>
using Message = protozero::pbf_builder<Field>;

constexpr size_t buffer_bytes = 1 << 20;

protozero::data_view data(std::string_view text) { return {text.data(), text.size()}; }

void add_interned(std::string& interned, std::string& entry, InternedDataField field, uint32_t id,
                  std::string_view text) {
  entry.clear();
  Message<InternedField> message(entry);
  message.add_uint64(InternedField::iid, id + 1);
  message.add_bytes(InternedField::text, data(text));
  Message<InternedDataField>(interned).add_message(field, entry);
}

Message<DebugAnnotationField> start_argument(std::string& argument, SliceArgument name) {
  argument.clear();
  Message<DebugAnnotationField> message(argument);
  message.add_uint64(DebugAnnotationField::name_iid, static_cast<uint64_t>(name) + 1);
  return message;
}

}  // namespace

TracePackets::TracePackets(OutputFile& file, uint32_t sequence) : file_(file), sequence_(sequence) {
  out_.reserve(buffer_bytes + buffer_bytes / 8);
  for (uint32_t i = 0; i < EnumNames<SliceArgument>::names.size(); ++i) {
    add_interned(interned_, entry_, InternedDataField::debug_annotation_names, i,
                 EnumNames<SliceArgument>::names[i]);
  }
  Message<TracePacketField>(packet_).add_uint32(TracePacketField::sequence_flags,
                                                incremental_state_cleared);
  write_packet();
}

EventNameId TracePackets::event_name(std::string_view name) {
  const auto [at, is_new] = names_.try_emplace(std::string(name), names_.size());
  if (is_new) {
    add_interned(interned_, entry_, InternedDataField::event_names, at->second, name);
  }
  return {at->second};
}

TraceTextId TracePackets::new_text(std::string_view text) {
  add_interned(interned_, entry_, InternedDataField::debug_annotation_string_values, text_count_,
               text);
  return {text_count_++};
}

TraceTextId TracePackets::text(std::string_view text) {
  const auto [at, is_new] = texts_.try_emplace(std::string(text), text_count_);
  return is_new ? new_text(text) : TraceTextId{at->second};
}

void TracePackets::order_by_rank() {
  Message<TrackDescriptorField> track(track_);
  track.add_uint64(TrackDescriptorField::uuid, 0);
  track.add_enum(TrackDescriptorField::process_ordering, explicit_ordering);
  track.add_enum(TrackDescriptorField::thread_ordering, explicit_ordering);
  write_track();
}

void TracePackets::describe_process(uint64_t track, int32_t pid, std::string_view name,
                                    std::string_view label) {
  entry_.clear();
  Message<ProcessField> process(entry_);
  process.add_int32(ProcessField::pid, pid);
  process.add_string(ProcessField::process_name, data(name));
  process.add_string(ProcessField::process_labels, data(label));
  Message<TrackDescriptorField> message(track_);
  message.add_uint64(TrackDescriptorField::uuid, track);
  message.add_message(TrackDescriptorField::process, entry_);
  message.add_int32(TrackDescriptorField::sibling_order_rank, pid);
  write_track();
}

void TracePackets::describe_thread(uint64_t track, const Thread& thread, std::string_view name) {
  entry_.clear();
  Message<ThreadField> fields(entry_);
  fields.add_int32(ThreadField::pid, thread.pid);
  fields.add_int64(ThreadField::tid, thread.tid);
  fields.add_string(ThreadField::thread_name, data(name));
  Message<TrackDescriptorField> message(track_);
  message.add_uint64(TrackDescriptorField::uuid, track);
  message.add_message(TrackDescriptorField::thread, entry_);
  message.add_int32(TrackDescriptorField::sibling_order_rank, thread.rank);
  write_track();
}

void TracePackets::describe_counter(uint64_t track, uint64_t process, std::string_view name,
                                    std::string_view unit) {
  entry_.clear();
  Message<CounterField>(entry_).add_string(CounterField::unit_name, data(unit));
  Message<TrackDescriptorField> message(track_);
  message.add_uint64(TrackDescriptorField::uuid, track);
  message.add_uint64(TrackDescriptorField::parent_uuid, process);
  message.add_string(TrackDescriptorField::name, data(name));
  message.add_message(TrackDescriptorField::counter, entry_);
  write_track();
}

void TracePackets::start_event(int type, uint64_t track, int64_t at_ns) {
  at_ns_ = at_ns;
  Message<TrackEventField> event(event_);
  event.add_enum(TrackEventField::type, type);
  event.add_uint64(TrackEventField::track_uuid, track);
}

void TracePackets::begin_slice(uint64_t track, int64_t at_ns, EventNameId name) {
  start_event(slice_begin_type, track, at_ns);
  Message<TrackEventField>(event_).add_uint64(TrackEventField::name_iid, name.value + 1);
}

void TracePackets::end_slice(uint64_t track, int64_t at_ns) {
  start_event(slice_end_type, track, at_ns);
  finish_event();
}

void TracePackets::counter(uint64_t track, int64_t at_ns, double value) {
  start_event(counter_type, track, at_ns);
  Message<TrackEventField>(event_).add_double(TrackEventField::double_counter_value, value);
  finish_event();
}

void TracePackets::argument(SliceArgument name, int64_t value) {
  start_argument(argument_, name).add_int64(DebugAnnotationField::int_value, value);
  finish_argument();
}

void TracePackets::argument(SliceArgument name, double value) {
  start_argument(argument_, name).add_double(DebugAnnotationField::double_value, value);
  finish_argument();
}

void TracePackets::argument(SliceArgument name, bool value) {
  start_argument(argument_, name).add_bool(DebugAnnotationField::bool_value, value);
  finish_argument();
}

void TracePackets::argument(SliceArgument name, TraceTextId value) {
  start_argument(argument_, name)
      .add_uint64(DebugAnnotationField::string_value_iid, value.value + 1);
  finish_argument();
}

void TracePackets::finish_argument() {
  Message<TrackEventField>(event_).add_message(TrackEventField::debug_annotations, argument_);
}

void TracePackets::flow_from(uint64_t id) {
  Message<TrackEventField>(event_).add_fixed64(TrackEventField::flow_ids, id);
}

void TracePackets::flow_to(uint64_t id) {
  Message<TrackEventField>(event_).add_fixed64(TrackEventField::terminating_flow_ids, id);
}

void TracePackets::finish_event() {
  Message<TracePacketField> packet(packet_);
  packet.add_uint64(TracePacketField::timestamp, static_cast<uint64_t>(at_ns_));
  packet.add_uint32(TracePacketField::sequence_flags, needs_incremental_state);
  packet.add_message(TracePacketField::track_event, event_);
  event_.clear();
  write_packet();
}

void TracePackets::write_track() {
  Message<TracePacketField>(packet_).add_message(TracePacketField::track_descriptor, track_);
  track_.clear();
  write_packet();
}

void TracePackets::write_packet() {
  Message<TracePacketField> packet(packet_);
  packet.add_uint32(TracePacketField::trusted_packet_sequence_id, sequence_);
  if (!interned_.empty()) packet.add_message(TracePacketField::interned_data, interned_);
  interned_.clear();
  protozero::pbf_writer(out_).add_message(trace_packet_tag, packet_);
  packet_.clear();
  if (out_.size() >= buffer_bytes) flush();
}

void TracePackets::flush() {
  file_.write(out_);
  out_.clear();
}

}  // namespace kiln
