#include "kiln/timing/cost.h"

#include <algorithm>

#include "kiln/isa/roles.h"
#include "kiln/timing/transfer_cost.h"

namespace kiln {

namespace {

// What an instruction's tiles have in common, as far as its time depends on it.
struct Operands {
  int64_t elements = 0;                       // of a partition of the largest
  int64_t input_bytes = 0, output_bytes = 0;  // of the widest element
  bool psum = false;                          // any of them
  bool input_psum = false;
  bool far_apart = false;  // elements of an input lie 16 bytes or more from each other
};

// The distance from one element to the next.
int64_t step_bytes(const Tile& tile) {
  for (int d = tile.rank() - 1; d > 0; --d) {
    if (tile.shape(d) > 1) return std::abs(tile.layout->stride[d]) * size_bytes(tile.dtype());
  }
  return 0;
}

template <class T>
Operands operands_of(const T& instruction, const Tiles& tiles) {
  Operands o;
  for_each_tile(instruction, tiles, [&](ViewId id, Access access) {
    const Tile tile = tiles.tile(id);
    const int64_t bytes = size_bytes(tile.dtype());
    o.elements = std::max(o.elements, tile.free_elements());
    o.psum |= tile.in_psum();
    if (access == Access::write) {
      o.output_bytes = std::max(o.output_bytes, bytes);
      return;
    }
    // A scale or bias for each partition is no stream.
    if (tile.free_elements() == 1) return;
    o.input_bytes = std::max(o.input_bytes, bytes);
    o.input_psum |= tile.in_psum();
    // Source: sources::gen2_guide, free strides of 16 bytes halve the bandwidth of a read.
    o.far_apart |= tile.on_chip() && step_bytes(tile) >= 16;
  });
  return o;
}

class Pricing {
 public:
  explicit Pricing(const Program& program)
      : tiles_(program.tiles),
        machine_(machine(program.target)),
        rates_(rates(program.target)),
        context_{machine_, tiles_} {}

  template <class T>
  Cost price(const T& instruction, Costs& costs) {
    constexpr Rate rate = T::spec.law.rate;
    if constexpr (rate == Rate::sequencer) {
      return {.engine = Engine::sync, .free = true};
    } else if constexpr (rate == Rate::dma) {
      Cost cost = price_transfer(instruction, tiles_, machine_, rates_, transfer_, costs.transfers);
      cost.transfer = static_cast<uint32_t>(costs.transfers.size() - 1);
      return cost;
    } else if constexpr (requires { instruction.array_work(context_); }) {
      if (engine_of(instruction) == Engine::tensor) {
        return on_array(instruction, costs.arrays);
      }
      return on_stream(instruction, Engine::vector, Law{});
    } else {
      Cost cost = on_stream(instruction, engine_of(instruction), T::spec.law);
      cost.known = rate != Rate::unknown;
      return cost;
    }
  }

 private:
  template <class T>
  Engine engine_of(const T& instruction) const {
    if constexpr (requires { instruction.runs_on(tiles_); }) return instruction.runs_on(tiles_);
    if constexpr (requires {
                    { instruction.engine } -> std::convertible_to<Engine>;
                  }) {
      if (instruction.engine != Engine::unknown) return instruction.engine;
    }
    if (T::spec.law.engine != Engine::unknown) return T::spec.law.engine;
    for (const Engine e : {Engine::vector, Engine::scalar, Engine::tensor, Engine::gpsimd}) {
      if (T::spec.engines.contains(e)) return e;
    }
    return Engine::sync;
  }

  template <class T>
  Cost on_stream(const T& instruction, Engine engine, const Law& law) const {
    const Operands o = operands_of(instruction, tiles_);
    Cost cost{.engine = engine, .uses_psum = o.psum};
    switch (engine) {
      case Engine::scalar:
        on_scalar(instruction, o, cost);
        break;
      case Engine::gpsimd: {
        // 512 bits a cycle for 16 partitions.
        const bool two_cycles = law.rate == Rate::pair && o.input_bytes >= 4;
        set(cost, machine_.gpsimd, rates_.gpsimd, law,
            static_cast<double>(o.elements) * (two_cycles ? 2 : law.cycles));
        break;
      }
      default:
        on_vector(o, law, cost);
    }
    return cost;
  }

  void on_vector(const Operands& o, const Law& law, Cost& cost) const {
    const VectorModes& modes = rates_.vector_modes;
    double cycles = law.cycles;
    if (law.rate == Rate::copy) {
      const bool narrow = o.input_bytes <= 2 && o.output_bytes <= 2;
      cycles = o.psum               ? (narrow ? modes.psum_16_bit : Fact<double>{1})
               : narrow             ? modes.copy_16_bit
               : o.input_bytes <= 2 ? modes.copy_widening
                                    : modes.copy_32_bit;
    } else if (law.rate == Rate::pair) {
      const bool narrow = o.input_bytes <= 2 && o.output_bytes <= 2;
      cycles = o.psum ? modes.pair_psum : narrow ? modes.pair_16_bit : modes.pair_32_bit;
    }
    if (o.far_apart) cycles *= 2;
    cost.fast_mode = cycles < 1;
    set(cost, machine_.vector, rates_.vector, law, cycles * static_cast<double>(o.elements));
  }

  template <class T>
  void on_scalar(const T& instruction, const Operands& o, Cost& cost) const {
    const ActivationRates& r = rates_.activation;
    Law law{.fixed_cycles = o.input_psum ? r.copy_psum_fixed : r.copy_fixed};
    double cycles = static_cast<double>(o.elements);
    if constexpr (T::spec.law.rate == Rate::activation) {
      cost.table = activation_table(instruction.op);
      if (instruction.op != ActivationOp::copy) {
        law.fixed_cycles = o.input_psum ? r.function_psum_fixed : r.function_fixed;
        if (o.input_psum) cycles *= r.function_psum_element;
      } else if (has_pointer(instruction)) {
        law.fixed_cycles += r.pointer_fixed;
      }
    } else if (has_pointer(instruction)) {
      law.fixed_cycles += r.pointer_fixed;
    }
    set(cost, machine_.scalar, rates_.scalar, law, cycles);
    if (reads_accumulators(instruction)) {
      cost.busy_ns += r.accumulator_read_interval / machine_.scalar.clock_ghz;
      cost.result_ns += r.accumulator_read_fixed / machine_.scalar.clock_ghz;
    }
  }

  // A tile of one element for each partition beside the data.
  template <class T>
  bool has_pointer(const T& instruction) const {
    bool has = false;
    for_each_tile(instruction, tiles_, [&](ViewId id, Access access) {
      has |= access == Access::read && tiles_.tile(id).free_elements() == 1;
    });
    return has;
  }

  template <class T>
  static bool reads_accumulators(const T& instruction) {
    if constexpr (requires { instruction.reduce_res; }) {
      if constexpr (requires { instruction.reduce_cmd; }) return instruction.reduce_res.given();
      return true;
    }
    return false;
  }

  static void set(Cost& cost, const EngineFacts& engine, const EngineRates& r, const Law& law,
                  double cycles) {
    const double fixed = law.fixed_cycles > 0 ? law.fixed_cycles : r.fixed_cycles;
    const double busy = std::min<double>(r.overhead_cycles, fixed) + cycles;
    cost.busy_ns = std::max<double>(r.interval_cycles, busy) / engine.clock_ghz;
    cost.result_ns = (fixed + cycles) / engine.clock_ghz;
  }

  template <class T>
  Cost on_array(const T& instruction, std::vector<ArrayCost>& arrays) const {
    const ArrayWork work = instruction.array_work(context_);
    const TensorRates& r = rates_.tensor;
    const double ghz = machine_.tensor.clock_ghz;
    double columns = work.cycles_per_column * static_cast<double>(work.moving_columns);
    double weights =
        work.cycles_per_column > 1
            ? work.cycles_per_column * static_cast<double>(work.columns)
            : std::min<double>(r.weights_cycles_max, static_cast<double>(work.columns));
    if constexpr (requires { instruction.moving; }) {
      if (step_bytes(tiles_.tile(instruction.moving.view)) >= 16) columns *= 2;
    }
    if (step_bytes(tiles_.tile(work.stationary)) >= 16) weights *= 2;
    const double busy =
        std::max<double>(r.interval_cycles, columns + work.instructions * r.instruction_cycles);
    arrays.push_back(
        {.stationary = work.stationary,
         .weights_ns = static_cast<float>(weights / ghz),
         .rows_share = static_cast<float>(work.rows) / static_cast<float>(machine_.partitions),
         .is_transpose = work.is_transpose,
         .flops = work.flops(),
         .passes = work.cycles_per_column / static_cast<double>(work.steps)});
    return {.engine = Engine::tensor,
            .uses_psum = true,
            .array = static_cast<uint32_t>(arrays.size() - 1),
            .busy_ns = busy / ghz,
            .result_ns = busy / ghz + r.fixed_ns};
  }

  const Tiles& tiles_;
  const Machine& machine_;
  const Rates& rates_;
  const Context context_;
  TransferTiles transfer_;
};

}  // namespace

Costs costs_of(const Program& program) {
  Costs costs;
  costs.of.reserve(program.code.size());
  costs.transfers.reserve(program.code.size() / 3);
  costs.arrays.reserve(program.code.size() / 3);
  Pricing pricing(program);
  for (size_t i = 0; i < program.code.size(); ++i) {
    costs.of.push_back(
        std::visit([&](const auto& instruction) { return pricing.price(instruction, costs); },
                   program.code[i]));
  }
  return costs;
}

}  // namespace kiln
