# LIBLINEAR, the classifier of the TF-IDF baseline: target liblinear. It comes without a pkg-config file.
find_path(LIBLINEAR_INCLUDE linear.h PATH_SUFFIXES liblinear)
find_library(LIBLINEAR_LIBRARY linear)
if(NOT LIBLINEAR_INCLUDE OR NOT LIBLINEAR_LIBRARY)
  message(FATAL_ERROR "LIBLINEAR (linear.h, liblinear.so) was not found: install liblinear-dev, or set LIBLINEAR_INCLUDE and "
                      "LIBLINEAR_LIBRARY")
endif()
add_library(liblinear INTERFACE)
target_include_directories(liblinear SYSTEM INTERFACE ${LIBLINEAR_INCLUDE})
target_link_libraries(liblinear INTERFACE ${LIBLINEAR_LIBRARY})
