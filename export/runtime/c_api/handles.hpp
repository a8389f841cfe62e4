#pragma once
// What the C API's handles hold, where more than one file of it looks into them.

#include "export/runtime/c_api/atto/edge.h"
#include "export/runtime/model.hpp"

struct atto_model {
  atto::edge::Model model;
};
