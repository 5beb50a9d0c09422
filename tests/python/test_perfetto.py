"""A trace of a timeline, decoded by the schema that Perfetto publishes.

What it says of a timeline is tested in kiln/timing/perfetto_test.cpp; here, that others read it.
"""

import collections
import pathlib
import subprocess

import kiln._core
import pytest
from google.protobuf import unknown_fields
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as schema

BUILD = pathlib.Path(kiln._core.__file__).resolve().parents[2]
BENCH = BUILD / "kiln" / "timing" / "perfetto_bench"  # writes a trace of an invented timeline
INSTRUCTIONS = 1000

Slice = collections.namedtuple("Slice", "track name begin end arguments flows_from flows_to")


@pytest.fixture(scope="module")
def packets(tmp_path_factory):
    path = tmp_path_factory.mktemp("perfetto") / "k.pftrace"
    subprocess.run([BENCH, "--small", "--keep", path], check=True)
    trace = schema.Trace()
    trace.ParseFromString(path.read_bytes())
    return list(trace.packet)


@pytest.fixture(scope="module")
def tracks(packets):
    found = {}
    for packet in packets:
        if packet.HasField("track_descriptor"):
            assert packet.track_descriptor.uuid not in found
            found[packet.track_descriptor.uuid] = packet.track_descriptor
    return found


def name_of(track):
    return track.thread.thread_name or track.process.process_name or track.name


def argument(annotation, names, texts):
    kind = annotation.WhichOneof("value")
    value = getattr(annotation, kind)
    return names[annotation.name_iid], texts[value] if kind == "string_value_iid" else value


@pytest.fixture(scope="module")
def slices(packets, tracks):
    events, names, texts = {}, {}, {}
    unfinished, found = collections.defaultdict(list), []
    for packet in packets:
        interned = packet.interned_data
        events |= {entry.iid: entry.name for entry in interned.event_names}
        names |= {entry.iid: entry.name for entry in interned.debug_annotation_names}
        texts |= {e.iid: e.str.decode() for e in interned.debug_annotation_string_values}
        event = packet.track_event
        if event.type == event.TYPE_SLICE_BEGIN:
            unfinished[event.track_uuid].append((packet.timestamp, events[event.name_iid], event))
        elif event.type == event.TYPE_SLICE_END:
            begin, name, told = unfinished[event.track_uuid].pop()
            arguments = [argument(a, names, texts) for a in told.debug_annotations]
            found.append(
                Slice(
                    name_of(tracks[event.track_uuid]),
                    name,
                    begin,
                    packet.timestamp,
                    dict(arguments),
                    list(told.flow_ids),
                    list(told.terminating_flow_ids),
                )
            )
            assert len(found[-1].arguments) == len(arguments)
    assert not any(unfinished.values())
    return found


def on(slices, track):
    return [s for s in slices if s.track == track]


def check_known(message):
    """Every field is one that the schema has, with a type that it can have."""
    assert len(unknown_fields.UnknownFieldSet(message)) == 0, message
    for field, value in message.ListFields():
        if field.message_type is not None:
            values = value if isinstance(value, collections.abc.Sequence) else [value]
            for inner in values:
                check_known(inner)


def test_the_schema_knows_every_field(packets):
    for packet in packets:
        check_known(packet)


def test_a_sequence_begins_with_what_its_packets_need(packets):
    first, *others = packets
    assert first.sequence_flags == schema.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED
    assert {packet.trusted_packet_sequence_id for packet in packets} == {1}
    for packet in others:
        needs = packet.sequence_flags & schema.TracePacket.SEQ_NEEDS_INCREMENTAL_STATE
        assert bool(needs) == packet.HasField("track_event")


def test_tracks(tracks):
    root = tracks[0]
    assert root.thread_ordering == schema.TrackDescriptor.THREAD_ORDERING_EXPLICIT
    assert root.process_ordering == schema.TrackDescriptor.PROCESS_ORDERING_EXPLICIT
    (process,) = [track for track in tracks.values() if track.HasField("process")]
    assert process.process.process_name == "Instructions 0"
    assert list(process.process.process_labels) == ["simulation, not a measurement"]
    threads = [track for track in tracks.values() if track.HasField("thread")]
    assert [name_of(t) for t in sorted(threads, key=lambda t: t.sibling_order_rank)] == [
        "Tensor Engine - Row 0",
        *(
            f"{e} Engine - Row {row}"
            for e in ("TensorMatrix", "Vector", "Scalar")
            for row in (0, 1)
        ),
        "Sync Engine - Row 0",
        *(f"qSyncHwDge - Row {row}" for row in (0, 1, 2)),
        *(f"DMA Engine {i} - Row 0" for i in range(16)),
    ]
    assert {track.thread.pid for track in threads} == {process.process.pid}
    assert len({track.thread.tid for track in threads}) == len(threads)


def test_slices(slices):
    matmuls = [s for s in slices if s.track.startswith("TensorMatrix Engine")]
    assert {s.name for s in matmuls} == {"nc_matmul"}
    assert len(matmuls) == INSTRUCTIONS * 4 // 10
    assert [s.name for s in on(slices, "Tensor Engine - Row 0")] == ["LDWEIGHTS"] * 100
    assert {s.name for s in on(slices, "DMA Engine 7 - Row 0")} == {"a", "b"}
    for s in slices:
        if not s.track.startswith("Instructions"):
            assert s.arguments["duration"] == s.end - s.begin
            assert s.arguments["timestamp"] == s.begin


def test_arguments(slices):
    (load,) = [s for s in on(slices, "DMA Engine 0 - Row 0") if s.arguments["id"] == 0]
    assert load.arguments == {
        "duration": 200,
        "timestamp": 120,
        "opcode": "dma_copy",
        "pc": 0,
        "id": 0,
        "nki_source_location": "bench.py:1",
        "bytes": 16384,
        "GB/s": 81.92,
        "operands": "dma_copy dst=%2 src=%0",
    }
    (matmul,) = [s for s in slices if s.name == "nc_matmul" and s.arguments["id"] == 1]
    assert matmul.arguments == {
        "duration": 260,
        "timestamp": 320,
        "opcode": "nc_matmul",
        "pc": 1,
        "id": 1,
        "nki_source_location": "bench.py:1",
        "operands": "nc_matmul dst=%4 stationary=%2[0+0; 128:1 128:1] moving=%2",
        "inst_dep_ids": 0,
        "wait": "load",
    }


def test_flows_have_two_ends(slices):
    begins = {flow: s for s in slices for flow in s.flows_from}
    ends = {flow: s for s in slices for flow in s.flows_to}
    assert begins.keys() == ends.keys()
    assert len(ends) == INSTRUCTIONS * 3 // 10
    for flow, end in ends.items():
        assert end.arguments["inst_dep_ids"] == begins[flow].arguments["id"]
        assert begins[flow].begin < end.begin


def test_counters(packets, tracks):
    values = collections.defaultdict(list)
    for packet in packets:
        event = packet.track_event
        if event.type == event.TYPE_COUNTER:
            assert tracks[event.track_uuid].HasField("counter")
            name = name_of(tracks[event.track_uuid])
            values[name].append((packet.timestamp, event.double_counter_value))
    assert set(values) == {"DMA Throughput", "Pending DMA Count", "Throttling", "Sb Usage"}
    assert values["Throttling"][:3] == [(0, 1), (1000, 0), (3000, 1)]
    assert values["Sb Usage"] == [(0, 0.25), (1000, 0.5)]
    for samples in values.values():
        assert samples == sorted(samples, key=lambda sample: sample[0])
    units = {name_of(t): t.counter.unit_name for t in tracks.values() if t.HasField("counter")}
    assert units["DMA Throughput"] == "GB/s"


def test_it_says_that_it_is_a_simulation(slices):
    prologue, kernel = on(slices, "Instructions 0")
    assert (prologue.name, prologue.begin, prologue.end) == ("prologue", 0, 100)
    assert kernel.name == "bench (simulation)"
    assert kernel.arguments["is_simulation"] is True
    assert kernel.arguments["target"] == "trn2"
