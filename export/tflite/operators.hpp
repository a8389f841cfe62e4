#pragma once
// The operators of the executor.

#include <span>
#include <vector>

#include "export/tflite/executor.hpp"
#include "export/tflite/graph.hpp"

namespace atto::deploy::tflite {

/// What an operator is given, and what it makes.
struct Arguments {
  const Graph& graph;
  const Operator& one;
  std::vector<const Values*> inputs;
  Values& out;  ///< has its size

  const Tensor& tensor(std::size_t i) const;
  const Tensor& to() const;
  const Values& in(std::size_t i) const { return *inputs[i]; }
  int whole(std::size_t i, std::size_t e) const { return static_cast<int>(in(i)[e]); }
  const Options& options() const { return one.options; }

  double real(std::size_t i, std::size_t e) const { return real_of(tensor(i), in(i)[e]); }
  /// Clamps a real, rounds it to the output's type and keeps it.
  void store(std::size_t e, double real) const;

  static double real_of(const Tensor& tensor, double value);
};

using Run = void (*)(const Arguments&);

/// Returns null for one that we do not write.
Run find_operator(Op op);

/// The three tables that find_operator() searches.
struct KnownOperator {
  Op op;
  Run run;
};
std::span<const KnownOperator> weighted_operators();     ///< convolutions, full connections
std::span<const KnownOperator> element_operators();      ///< with broadcasting; softmax, rounding
std::span<const KnownOperator> arrangement_operators();  ///< moves, pools and means

/// Sides [rows, columns, channels] of a tensor; the batch is 1.
struct Map {
  int height, width, channels;
  explicit Map(const Dims& dims);
  std::size_t at(int y, int x) const {
    return (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
            static_cast<std::size_t>(x)) *
           static_cast<std::size_t>(channels);
  }
};

/// Returns what lies before a window's first place, by the rule of its padding.
int padding_before(const Options& options, int kernel, int stride, int from, int to);

}  // namespace atto::deploy::tflite
