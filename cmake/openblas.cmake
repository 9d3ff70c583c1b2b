# OpenBLAS by its own name. Debian's generic libblas/libcblas may be the reference implementation, 80 times slower.
find_path(OPENBLAS_INCLUDE openblas_config.h
          PATH_SUFFIXES openblas-pthread openblas-serial openblas-openmp openblas x86_64-linux-gnu/openblas-pthread
                        x86_64-linux-gnu/openblas-serial x86_64-linux-gnu/openblas-openmp)
find_library(OPENBLAS_LIBRARY openblas PATH_SUFFIXES openblas-pthread openblas-serial openblas-openmp)
if(NOT OPENBLAS_INCLUDE OR NOT OPENBLAS_LIBRARY)
  message(FATAL_ERROR "OpenBLAS was not found: install libopenblas-dev")
endif()
add_library(openblas INTERFACE)
target_include_directories(openblas SYSTEM INTERFACE ${OPENBLAS_INCLUDE})
target_link_libraries(openblas INTERFACE ${OPENBLAS_LIBRARY})
