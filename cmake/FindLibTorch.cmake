# SPDX-License-Identifier: GPL-3.0-or-later
# Defines LibTorch::LibTorch from any LibTorch 2.x: a folder of the C++ distribution, or the `torch` folder of the
# Python wheel. TorchConfig.cmake is not used: for a CUDA build it demands a CUDA toolkit, though nothing here needs one.
#
# Looked for in: LibTorch_ROOT, CMAKE_PREFIX_PATH, then the environment that scripts/setup.sh makes in build/torch.
file(GLOB _whorl_torch_env LIST_DIRECTORIES TRUE
     ${CMAKE_SOURCE_DIR}/build/torch/lib/python3*/site-packages/torch)
# Another place than last time: forget what was found there.
set(_whorl_torch_asked "${LibTorch_ROOT};$ENV{LibTorch_ROOT};${CMAKE_PREFIX_PATH};$ENV{CMAKE_PREFIX_PATH}")
if(NOT "${_whorl_torch_asked}" STREQUAL "${LibTorch_ASKED}")
  foreach(_what IN ITEMS INCLUDE_DIR torch_LIBRARY torch_cpu_LIBRARY c10_LIBRARY torch_cuda_LIBRARY c10_cuda_LIBRARY LINKS)
    unset(LibTorch_${_what} CACHE)
  endforeach()
endif()
set(LibTorch_ASKED "${_whorl_torch_asked}" CACHE INTERNAL "Where LibTorch was looked for")

# What CMAKE_PREFIX_PATH holds may be the folder itself, or the share/cmake/Torch folder that torch.utils.cmake_prefix_path prints.
set(_whorl_torch_hints ${LibTorch_ROOT} $ENV{LibTorch_ROOT})
string(REPLACE ":" ";" _whorl_torch_prefixes "$ENV{CMAKE_PREFIX_PATH}")
foreach(_prefix IN LISTS CMAKE_PREFIX_PATH _whorl_torch_prefixes)
  list(APPEND _whorl_torch_hints ${_prefix} ${_prefix}/../.. ${_prefix}/torch)
endforeach()

find_path(LibTorch_INCLUDE_DIR NAMES torch/csrc/api/include/torch/types.h
          HINTS ${_whorl_torch_hints} ${_whorl_torch_env} PATH_SUFFIXES include NO_DEFAULT_PATH)
get_filename_component(LibTorch_PREFIX "${LibTorch_INCLUDE_DIR}" DIRECTORY)
foreach(_lib IN ITEMS torch torch_cpu c10 torch_cuda c10_cuda)
  find_library(LibTorch_${_lib}_LIBRARY NAMES ${_lib} HINTS ${LibTorch_PREFIX}/lib NO_DEFAULT_PATH)
endforeach()

set(LibTorch_VERSION "")
foreach(_header IN ITEMS torch/headeronly/version.h torch/csrc/api/include/torch/version.h torch/version.h)
  if(EXISTS ${LibTorch_INCLUDE_DIR}/${_header})
    file(STRINGS ${LibTorch_INCLUDE_DIR}/${_header} _lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
    if(_lines)
      string(REGEX REPLACE "[^0-9;]" "" _numbers "${_lines}")
      string(REPLACE ";" "." LibTorch_VERSION "${_numbers}")
      break()
    endif()
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_torch_LIBRARY LibTorch_torch_cpu_LIBRARY LibTorch_c10_LIBRARY LibTorch_INCLUDE_DIR
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "run scripts/setup.sh, or give a LibTorch 2.x folder with -DCMAKE_PREFIX_PATH=/path/to/libtorch")
if(LibTorch_FOUND AND LibTorch_VERSION AND LibTorch_VERSION VERSION_LESS 2.0)
  message(FATAL_ERROR "LibTorch ${LibTorch_VERSION} in ${LibTorch_PREFIX} is too old: 2.x is needed")
endif()

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  # -idirafter: the wheel ships a newer fmt in the same folder, which must not shadow the system's.
  target_compile_options(LibTorch::LibTorch INTERFACE
    "SHELL:-idirafter ${LibTorch_INCLUDE_DIR}"
    "SHELL:-idirafter ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include")
  set(_libs ${LibTorch_torch_LIBRARY} ${LibTorch_torch_cpu_LIBRARY} ${LibTorch_c10_LIBRARY})
  set(LibTorch_CUDA OFF)
  if(LibTorch_torch_cuda_LIBRARY AND LibTorch_c10_cuda_LIBRARY)
    set(LibTorch_CUDA ON)
    list(APPEND _libs ${LibTorch_torch_cuda_LIBRARY} ${LibTorch_c10_cuda_LIBRARY})
  endif()
  # The CUDA libraries register themselves when loaded, though no symbol of theirs is referred to.
  target_link_libraries(LibTorch::LibTorch INTERFACE
    -Wl,--push-state,--no-as-needed ${_libs} -Wl,--pop-state)
  target_link_options(LibTorch::LibTorch INTERFACE -Wl,-rpath,${LibTorch_PREFIX}/lib)
  message(STATUS "LibTorch ${LibTorch_VERSION} in ${LibTorch_PREFIX} (CUDA libraries: ${LibTorch_CUDA})")
endif()
mark_as_advanced(LibTorch_INCLUDE_DIR)
