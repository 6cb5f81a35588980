# SPDX-License-Identifier: GPL-3.0-or-later
# The minimal build has no Qt, and so none of the tests beside this: its command line is asked, and nothing else.

# whorl_add_minimal_test(NAME [SAYS regex] COMMAND arguments…): the command succeeds, or (SAYS) tells what the build lacks.
function(whorl_add_minimal_test name)
  cmake_parse_arguments(ARG "" "SAYS" "COMMAND" ${ARGN})
  add_test(NAME minimal.${name} COMMAND whorl-cli ${ARG_COMMAND})
  set_tests_properties(minimal.${name} PROPERTIES TIMEOUT 120 LABELS minimal
    ENVIRONMENT "LC_ALL=C.UTF-8;OMP_NUM_THREADS=2;XDG_DATA_HOME=${CMAKE_BINARY_DIR}/tests/user;WHORL_ENGINE=${CMAKE_BINARY_DIR}/lib/libwhorl-engine.so")
  if(ARG_SAYS)
    set_tests_properties(minimal.${name} PROPERTIES PASS_REGULAR_EXPRESSION "${ARG_SAYS}")
  endif()
endfunction()

whorl_add_minimal_test(info COMMAND info)
whorl_add_minimal_test(selftest COMMAND selftest)
whorl_add_minimal_test(datasets COMMAND datasets list)
whorl_add_minimal_test(models SAYS "MNIST, fingerprinted" COMMAND models list)
whorl_add_minimal_test(recipes SAYS "WHORL_MINIMAL. has no recipes" COMMAND recipes)
whorl_add_minimal_test(run SAYS "WHORL_MINIMAL. has no recipes" COMMAND run mnist-greybox)
whorl_add_minimal_test(images SAYS "WHORL_MINIMAL. has no image files"
                       COMMAND predict --model mnist-fingerprint ${CMAKE_SOURCE_DIR}/docs/images/evaluate.png)
whorl_add_minimal_test(similar SAYS "WHORL_MINIMAL. has no near-duplicate search"
                       COMMAND similar index --model mnist-plain --folder ${CMAKE_SOURCE_DIR}/docs/images)
whorl_add_minimal_test(npz SAYS "WHORL_MINIMAL. writes no .npz"
                       COMMAND attack --model mnist-plain --attack fgsm --count 1 --save ${CMAKE_BINARY_DIR}/tests/a.npz)
whorl_add_minimal_test(generated SAYS "minimal build can't draw Shapes"
                       COMMAND train --data shapes --preset shapes-plain --output ${CMAKE_BINARY_DIR}/tests/a.safetensors)

# A network is trained, saved, attacked and judged where there is an unpacked MNIST to do it on.
if(DEFINED ENV{WHORL_DATA} AND EXISTS $ENV{WHORL_DATA}/mnist/train-images-idx3-ubyte)
  whorl_add_minimal_test(train COMMAND train --data mnist --arch nfp-mnist --objective plain --epochs 1 --limit-train 200
                                       --output ${CMAKE_BINARY_DIR}/tests/trained.safetensors)
  whorl_add_minimal_test(detect COMMAND detect --model mnist-fingerprint --attack fgsm --count 20)
endif()
