// Kernels of groups, against the inner products of features that are written down.
#include "generator/learning/kernels.hpp"

#include <catch2/catch.hpp>

#include "design_specs/seeds/random.hpp"

using namespace atto;
using namespace atto::gen;
using Eigen::Index, Eigen::MatrixXd;

TEST_CASE("Kernels are the products of features, at early rungs once more") {
  // Groups 0 and 1 are sparse, 2 holds them at early rungs; 3 is dense, 4 holds it at early rungs.
  spec::Random random(3);
  const std::vector<int> group_of = {0, 1, 1, 0, 1, 0, 0};
  Kernels kernels(2, 2, 5);
  const Index features = Index(group_of.size()), designs = 9, columns = 2;
  MatrixXd said = MatrixXd::Zero(designs, features), dense(designs, columns);
  std::vector<Seen> seen;
  for (Index d = 0; d < designs; ++d) {
    std::vector<std::pair<std::int32_t, double>> one;
    for (int i = 0; i < 5; ++i) {  // some features are said twice
      const auto number = static_cast<std::int32_t>(random.below(std::uint64_t(features)));
      one.emplace_back(number, random.normal());
      said(d, number) += one.back().second;
    }
    kernels.add(one, group_of);
    for (Index c = 0; c < columns; ++c) dense(d, c) = random.normal();
    if (d % 3 == 0) seen.push_back({d, 0.5 + random.uniform()});
    seen.push_back({d, 0});
  }
  kernels.observe(seen, {{dense, 3, 4}});

  const auto count = static_cast<Index>(seen.size());
  std::vector<MatrixXd> written(5, MatrixXd::Zero(count, count));
  for (Index i = 0; i < count; ++i)
    for (Index j = 0; j < count; ++j) {
      const Seen &a = seen[std::size_t(i)], &b = seen[std::size_t(j)];
      for (Index f = 0; f < features; ++f) {
        const double product = said(a.design, f) * said(b.design, f);
        written[std::size_t(group_of[std::size_t(f)])](i, j) += product;
        written[2](i, j) += a.early * b.early * product;
      }
      const double product = dense.row(a.design).dot(dense.row(b.design));
      written[3](i, j) = product;
      written[4](i, j) = a.early * b.early * product;
    }

  const std::vector<double> variances = {0.3, 2, 0.7, 1.1, 0.2};
  MatrixXd sum = MatrixXd::Zero(count, count), any(count, count);
  for (std::size_t g = 0; g < 5; ++g) sum += variances[g] * written[g];
  int polls = 0;
  const Poll poll = [&] { ++polls; };
  CHECK((kernels.sum(variances, poll) - sum).cwiseAbs().maxCoeff() <
        1e-12 * sum.cwiseAbs().maxCoeff());
  for (double& one : any.reshaped()) one = random.normal();
  any = MatrixXd(any + any.transpose());
  const std::vector<double> traces = kernels.traces(any, poll);
  for (std::size_t g = 0; g < 5; ++g)
    CHECK(traces[g] == Approx(written[g].cwiseProduct(any).sum()));
  CHECK(polls > 3);
}
