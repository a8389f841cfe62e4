#include <fmt/core.h>

#include <new>
#include <system_error>

#include "design_specs/errors.hpp"
#include "export/format/model_error.hpp"
#include "search/cli/commands.hpp"

namespace atto::cli {

int run_guarded(const Action& action) {
  try {
    return action ? action() : 0;
  } catch (const SpecError& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  } catch (const format::ModelError& error) {
    fmt::print(stderr, "atto: {}\n", error.what());
    return 3;
  } catch (const EnvironmentError& error) {
    fmt::print(stderr, "atto: {}\n", error.what());
    return 4;
  } catch (const std::system_error& error) {
    fmt::print(stderr, "atto: {}\n", error.what());
    return 4;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "atto: out of memory\n");
    return 4;
  } catch (const std::exception& error) {
    fmt::print(stderr, "atto: internal error: {}\n", error.what());
    return 70;
  }
}

}  // namespace atto::cli
