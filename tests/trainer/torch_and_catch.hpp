#pragma once
// LibTorch brings glog's CHECK, which ends the program: Catch2's must come last.
// clang-format off
#include <torch/torch.h>
#undef CHECK
#include <catch2/catch.hpp>
// clang-format on
