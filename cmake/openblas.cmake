# OpenBLAS by its own name, as a peer of our products in bench_ops; the program itself does not use it. Debian's generic
# libblas may be the reference implementation, 80 times slower, and would make a poor peer.
option(CAM_OPENBLAS "OpenBLAS as a peer in bench_ops, where it is found" ON)
if(NOT CAM_OPENBLAS)
  return()
endif()
find_path(OPENBLAS_INCLUDE openblas_config.h
          PATH_SUFFIXES openblas-pthread openblas-serial openblas-openmp openblas x86_64-linux-gnu/openblas-pthread
                        x86_64-linux-gnu/openblas-serial x86_64-linux-gnu/openblas-openmp)
find_library(OPENBLAS_LIBRARY openblas PATH_SUFFIXES openblas-pthread openblas-serial openblas-openmp)
if(OPENBLAS_INCLUDE AND OPENBLAS_LIBRARY)
  add_library(openblas INTERFACE)
  target_include_directories(openblas SYSTEM INTERFACE ${OPENBLAS_INCLUDE})
  target_link_libraries(openblas INTERFACE ${OPENBLAS_LIBRARY})
endif()
