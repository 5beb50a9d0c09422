// nki.isa.sendrecv.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/meeting.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"

namespace kiln {

class Report;

// How sendrecv moves data: by the shared DMA engines, or by those of the GpSimd engine.
enum class DmaEngine : uint8_t { dma, gpsimd_dma };

template <>
struct EnumNames<DmaEngine> {
  static constexpr std::string_view type = "dma_engine";
  static constexpr std::array<std::string_view, 2> names{"dma", "gpsimd_dma"};
};

struct Sendrecv {
  In src;
  Out dst;
  int32_t send_to_rank = 0;
  int32_t recv_from_rank = 0;
  int32_t pipe_id = 0;
  DmaEngine dma_engine = DmaEngine::dma;

  static constexpr Spec spec{
      .name = "sendrecv",
      .engines = Engine::dma | Engine::gpsimd,
      .since = Generation::gen3,
      .summary = "Sends src to dst of another core, and receives that core's src into dst.",
      .law = {.rate = Rate::dma, .source = sources::dma_overview}};
  static constexpr std::tuple fields{
      Field{"src", &Sendrecv::src, "what to send; SBUF"},
      Field{"dst", &Sendrecv::dst, "receives the other core's src; SBUF, shape and type of src"},
      Field{"send_to_rank", &Sendrecv::send_to_rank, "core to send to"},
      Field{"recv_from_rank", &Sendrecv::recv_from_rank, "core to receive from"},
      Field{"pipe_id", &Sendrecv::pipe_id, "the exchanges of one pipe are held in order"},
      option("dma_engine", &Sendrecv::dma_engine,
             "dma, or gpsimd_dma for up to 1024 bytes a partition (2-byte types 512, 1-byte 256)")};

  void check(const Context& context, Report& report) const;
  Result<Meeting> meeting(const Tiles& tiles, Member self) const;
  Bytes bring(TileMemory& memory) const;
  void take(TileMemory& memory, const Contributions& all) const;
};

}  // namespace kiln
