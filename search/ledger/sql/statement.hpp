#pragma once
// Statements with values. SOCI binds by reference and runs a statement when its expression ends,
// after temporaries inside it are gone; here a statement runs inside one call, whose arguments
// outlive it.

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "search/ledger/sql/soci.hpp"

namespace atto::search {

/// A number that may be absent (NULL in SQL), which NaN is.
struct MaybeNumber {
  double value = 0;
  soci::indicator indicator = soci::i_null;

  MaybeNumber() = default;
  explicit MaybeNumber(const std::optional<double>& number)
      : value(number.value_or(0)),
        indicator(number && !std::isnan(*number) ? soci::i_ok : soci::i_null) {}
  std::optional<double> get() const {
    return indicator == soci::i_ok ? std::optional<double>(value) : std::nullopt;
  }
  double or_nan() const {
    return indicator == soci::i_ok ? value : std::numeric_limits<double>::quiet_NaN();
  }
};

namespace bound {

/// What SOCI takes in place of a value of ours.
inline const std::string& form(const std::string& text) {
  return text;
}
inline MaybeNumber form(double number) {
  return MaybeNumber(number);
}
inline MaybeNumber form(const std::optional<double>& number) {
  return MaybeNumber(number);
}
template <class T>
requires(std::is_integral_v<T> || std::is_enum_v<T>) long long form(T number) {
  return static_cast<long long>(number);
}

inline void bind(soci::statement& statement, MaybeNumber& number) {
  statement.exchange(soci::use(number.value, number.indicator));
}
template <class T>
void bind(soci::statement& statement, const T& value) {
  statement.exchange(soci::use(value));
}

inline void bind_result(soci::statement& statement, MaybeNumber& number) {
  statement.exchange(soci::into(number.value, number.indicator));
}
template <class T>
void bind_result(soci::statement& statement, T& value) {
  statement.exchange(soci::into(value));
}

/// Runs a statement whose results and values are bound; returns whether there is a row. It is asked
/// once only, which costs a server one round trip where a prepared statement costs three.
inline bool run_bound(soci::statement& statement, const std::string& text) {
  statement.alloc();
  statement.prepare(text, soci::details::st_one_time_query);
  statement.define_and_bind();
  return statement.execute(true);
}

/// Binds `values` in the order of the placeholders of `text` and runs it.
template <class... Values>
bool run(soci::statement& statement, const std::string& text, const Values&... values) {
  std::tuple<decltype(form(values))...> forms(form(values)...);
  std::apply([&](auto&... all) { (bind(statement, all), ...); }, forms);
  return run_bound(statement, text);
}

}  // namespace bound

/// Runs a statement that gives nothing back; returns the number of rows that it changed.
template <class... Values>
long long change(soci::session& sql, const std::string& text, const Values&... values) {
  soci::statement statement(sql);
  bound::run(statement, text, values...);
  return statement.get_affected_rows();
}

/// change(), whatever was changed.
template <class... Values>
void execute(soci::session& sql, const std::string& text, const Values&... values) {
  change(sql, text, values...);
}

/// Runs a statement and returns the one column of its first row, where there is one that is not
/// NULL.
template <class Result, class... Values>
std::optional<Result> find_value(soci::session& sql, const std::string& text,
                                 const Values&... values) {
  Result result{};
  soci::indicator indicator = soci::i_null;
  soci::statement statement(sql);
  statement.exchange(soci::into(result, indicator));
  if (!bound::run(statement, text, values...) || indicator != soci::i_ok) return {};
  return result;
}

/// Runs a statement whose results are bound, and `take` for every row.
template <class Take, class... Values>
void for_each_row(soci::statement& statement, const std::string& text, const Take& take,
                  const Values&... values) {
  for (bool has_row = bound::run(statement, text, values...); has_row; has_row = statement.fetch())
    take();
}

/// Returns the one column of all rows.
template <class... Values>
std::vector<std::string> find_texts(soci::session& sql, const std::string& text,
                                    const Values&... bound_values) {
  std::string value;
  soci::statement statement(sql);
  statement.exchange(soci::into(value));
  std::vector<std::string> values;
  for_each_row(
      statement, text, [&] { values.push_back(value); }, bound_values...);
  return values;
}

}  // namespace atto::search
