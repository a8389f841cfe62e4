// The precision of many weights, against the same matrix written down.
#include "generator/learning/precision.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "design_specs/seeds/random.hpp"

using namespace atto;
using namespace atto::gen;
using Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;

namespace {

MatrixXd drawn(Index rows, Index columns, spec::Random& random) {
  MatrixXd drawn(rows, columns);
  for (double& one : drawn.reshaped()) one = random.normal();
  return drawn;
}

/// Rows of which a fifth is not zero.
Outer outer_of(Index observations, Index weights, spec::Random& random) {
  MatrixXd rows = drawn(observations, weights, random);
  for (double& one : rows.reshaped())
    if (random.below(5) != 0) one = 0;
  const VectorXd scale = drawn(observations, 1, random).cwiseAbs().array() + 0.1;
  return {rows.sparseView(), scale, drawn(weights, 1, random)};
}

/// Z^T, written down.
MatrixXd written(const Outer& outer) {
  const MatrixXd centred = MatrixXd(outer.rows).rowwise() - outer.centre.transpose();
  return outer.scale.asDiagonal() * centred;
}

MatrixXd inner_of(const MatrixXd& outer, const VectorXd& variances) {
  const MatrixXd product = outer * variances.asDiagonal() * outer.transpose();
  return product + MatrixXd::Identity(outer.rows(), outer.rows());
}

}  // namespace

TEST_CASE("A precision seen through observations is the one that is written down") {
  for (const auto& [observations, weights] :
       {std::pair<Index, Index>{3, 5}, {64, 65}, {40, 130}, {150, 300}, {1, 64}, {90, 70}}) {
    CAPTURE(observations, weights);
    spec::Random random(spec::derive_seed({std::uint64_t(observations), std::uint64_t(weights)}));
    const Outer seen = outer_of(observations, weights, random);
    const MatrixXd outer = written(seen);
    const VectorXd diagonal = drawn(weights, 1, random).cwiseAbs().array() + 0.01;
    const VectorXd variances = diagonal.cwiseInverse();
    const MatrixXd inner = inner_of(outer, variances);
    MatrixXd whole = outer.transpose() * outer;
    whole.diagonal() += diagonal;
    const MatrixXd inverse = whole.inverse();

    Precision precision;
    int polls = 0;
    const Poll poll = [&] { ++polls; };
    precision.set(variances, seen, inner, poll);
    const VectorXd o = drawn(observations, 1, random);
    const VectorXd answer = inverse * outer.transpose() * o;
    CHECK((precision.answer(o) - answer).norm() < 1e-8 * answer.norm());
    const MatrixXd below =
        (precision.inner_inverse(poll) - inner.inverse()).triangularView<Eigen::Lower>();
    CHECK(below.cwiseAbs().maxCoeff() < 1e-8);
    MatrixXd contrasts = MatrixXd::Zero(weights, 3);
    contrasts(0, 0) = contrasts(weights - 1, 1) = 1, contrasts(weights / 2, 1) = -2;
    contrasts.col(2) = drawn(weights, 1, random);
    const VectorXd of = (contrasts.transpose() * inverse * contrasts).diagonal();
    CHECK((precision.variances(contrasts) - of).cwiseAbs().maxCoeff() < 1e-8 * of.maxCoeff());
    CHECK(polls > 1);
  }
}

TEST_CASE("Draws under a precision have its covariance") {
  spec::Random random(4);
  const Outer seen = outer_of(6, 4, random);
  const MatrixXd outer = written(seen);
  const VectorXd variances = drawn(4, 1, random).cwiseAbs().array() + 0.2;
  MatrixXd whole = outer.transpose() * outer;
  whole.diagonal() += variances.cwiseInverse();
  const MatrixXd covariance = whole.inverse();
  Precision precision;
  precision.set(variances, seen, inner_of(outer, variances), [] {});
  const Index count = 100000;
  const MatrixXd draws = precision.draws(drawn(4, count, random), drawn(6, count, random));
  const MatrixXd found = draws * draws.transpose() / double(count);
  CHECK((found - covariance).cwiseAbs().maxCoeff() < 0.03 * covariance.diagonal().maxCoeff());
  CHECK(draws.rowwise().mean().cwiseAbs().maxCoeff() < 0.02);
}

TEST_CASE("Long work on a precision can be left half-way") {
  spec::Random random(1);
  const Outer outer = outer_of(300, 20, random);
  const VectorXd variances = VectorXd::Ones(20);
  int left = 3;
  const Poll poll = [&] {
    if (--left == 0) throw std::runtime_error("stop");
  };
  Precision precision;
  CHECK_THROWS_AS(precision.set(variances, outer, inner_of(written(outer), variances), poll),
                  std::runtime_error);
}
