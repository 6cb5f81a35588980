# SPDX-License-Identifier: GPL-3.0-or-later
# Links one call with a std::string to LibTorch and one to OpenCV. Old binaries of either are built with another
# std::string (the ABI before C++11) and otherwise fail at the very end, with "undefined reference to cv::imread(…)".
# The result is cached: a second configure doesn't compile anything.
include(CheckCXXSourceCompiles)

function(whorl_check_links variable libraries source hint)
  set(CMAKE_REQUIRED_LIBRARIES ${libraries})
  set(CMAKE_REQUIRED_QUIET ON)
  check_cxx_source_compiles("${source}" ${variable})
  if(NOT ${variable})
    unset(${variable} CACHE)
    message(FATAL_ERROR "A small program with a std::string can't be linked to ${hint}. Either it was built with another "
                        "compiler's ABI, or a library beside it is missing; CMakeFiles/CMakeError.log has the linker's words.")
  endif()
endfunction()

whorl_check_links(LibTorch_LINKS LibTorch::LibTorch [[
  #include <ATen/Version.h>
  #include <c10/core/Device.h>
  int main() { return static_cast<int>(at::show_config().size()) + c10::Device(std::string("cpu")).is_cpu(); }
]] "LibTorch in ${LibTorch_PREFIX}")
if(NOT WHORL_MINIMAL)
  whorl_check_links(OpenCV_LINKS opencv_core [[
    #include <opencv2/core/utility.hpp>
    int main() { return static_cast<int>(cv::getBuildInformation().size()); }
  ]] "OpenCV in ${OpenCV_INSTALL_PATH}")
endif()
message(STATUS "LibTorch ${LibTorch_VERSION} takes this compiler's std::string (C++11 ABI)")
