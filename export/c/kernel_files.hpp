#pragma once
// The C files of export/c/kernels as text, each as it is compiled and tested.

#include <span>
#include <string_view>

namespace atto::deploy::c {

struct KernelFile {
  std::string_view name;  ///< "f32_conv.c"
  std::string_view text;  ///< names begin with kernel_ or KERNEL_; "name" files are other kernels
};
std::span<const KernelFile> kernel_files();

}  // namespace atto::deploy::c
