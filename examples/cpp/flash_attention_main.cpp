#include "examples/cpp/flash_attention.h"

#include <algorithm>
#include <cmath>

#include "examples/cpp/example.h"

namespace {

using examples::Array;

std::vector<double> attention(const Array& q, const Array& k, const Array& v, bool causal) {
  const auto d = static_cast<size_t>(q.shape[0]), seq = static_cast<size_t>(q.shape[1]);
  std::vector<double> out(seq * d), scores(seq);
  for (size_t i = 0; i < seq; ++i) {
    const size_t keys = causal ? i + 1 : seq;
    std::fill(scores.begin(), scores.end(), 0.0);
    for (size_t c = 0; c < d; ++c) {
      const double factor = q.values[c * seq + i] / std::sqrt(static_cast<double>(d));
      for (size_t j = 0; j < keys; ++j) scores[j] += factor * k.values[c * seq + j];
    }
    const double largest = *std::max_element(scores.begin(), scores.begin() + keys);
    double sum = 0;
    for (size_t j = 0; j < keys; ++j) {
      const double p = std::exp(scores[j] - largest);
      sum += p;
      for (size_t c = 0; c < d; ++c) out[i * d + c] += p * v.values[j * d + c];
    }
    for (size_t c = 0; c < d; ++c) out[i * d + c] /= sum;
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  using examples::Example;
  using examples::random_array;
  struct Case {
    int64_t seq, d;
    kiln::DType dtype;
    bool causal;
    double tolerance;
  };
  const Case cases[] = {{2048, 128, kiln::DType::float32, false, 2e-6},
                        {2048, 128, kiln::DType::float32, true, 2e-6},
                        {640, 64, kiln::DType::bfloat16, false, 1e-2},
                        {640, 64, kiln::DType::bfloat16, true, 1e-2}};
  Example example("flash_attention", argc, argv);
  for (const Case& c : cases) {
    const Array q = random_array({c.d, c.seq}, c.dtype, 1),
                k = random_array({c.d, c.seq}, c.dtype, 2),
                v = random_array({c.seq, c.d}, c.dtype, 3);
    example.check({{"q", q}, {"k", k}, {"v", v}}, attention(q, k, v, c.causal), c.tolerance,
                  [&](kiln::dsl::Tensor qt, kiln::dsl::Tensor kt, kiln::dsl::Tensor vt) {
                    return examples::flash_attention(qt, kt, vt, c.causal);
                  });
  }
  return example.status();
}
