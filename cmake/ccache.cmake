# Compilations through ccache where it is installed; a launcher that the user chose (CMAKE_<LANG>_COMPILER_LAUNCHER)
# stays. The path of a ccache that has been removed since may still be in the cache of a build folder.
option(CAM_CCACHE "compile through ccache, where it is installed" ON)
if(CAM_CCACHE)
  find_program(CCACHE ccache)
  foreach(language C CXX CUDA)
    if(EXISTS "${CCACHE}" AND NOT DEFINED CMAKE_${language}_COMPILER_LAUNCHER
       AND NOT DEFINED ENV{CMAKE_${language}_COMPILER_LAUNCHER})
      set(CMAKE_${language}_COMPILER_LAUNCHER ${CCACHE})
    endif()
  endforeach()
endif()
