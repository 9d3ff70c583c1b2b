# src/boxes.txt as CMake targets. A box is src/NAME made into a static library cam_NAME with one include root; its
# headers lie beside the sources and are seen only by the boxes that use it, directly or through another. A box that
# needs more than that has a file of its own, cmake/NAME.cmake, which finds the columns of its row in box_uses and
# box_links.

# cam_auto_option(NAME TEXT): a cache entry that is AUTO (the default), ON or OFF.
function(cam_auto_option name text)
  set(${name} AUTO CACHE STRING "${text}: AUTO, ON or OFF")
  if(NOT ${name} MATCHES "^(AUTO|ON|OFF)$")
    message(FATAL_ERROR "${name}=${${name}}: it is AUTO, ON or OFF")
  endif()
endfunction()

# cam_box(NAME USES LIBRARIES): the library of a box that is all of src/NAME.
function(cam_box name uses links)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.c ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  add_library(cam_${name} STATIC ${sources})
  target_include_directories(cam_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src/${name})
  cam_box_links(cam_${name} "${uses}" "${links}")
endfunction()

# cam_box_links(TARGET USES LIBRARIES): links what the box's row says.
function(cam_box_links target uses links)
  foreach(box ${uses})
    target_link_libraries(${target} PUBLIC cam_${box})
  endforeach()
  target_link_libraries(${target} PRIVATE ${links})
endfunction()

set(cam_boxes)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/boxes.txt)
file(STRINGS ${CMAKE_SOURCE_DIR}/src/boxes.txt box_rows REGEX "^[a-z]")
foreach(row ${box_rows})
  if(NOT row MATCHES "^([a-z]+) *\\| *([a-z ]*)\\| *([A-Za-z0-9_: ]*)\\|")
    message(FATAL_ERROR "src/boxes.txt: not a row: ${row}")
  endif()
  set(box_name ${CMAKE_MATCH_1})
  separate_arguments(box_uses UNIX_COMMAND "${CMAKE_MATCH_2}")
  separate_arguments(box_links UNIX_COMMAND "${CMAKE_MATCH_3}")
  list(APPEND cam_boxes cam_${box_name})
  if(EXISTS ${CMAKE_SOURCE_DIR}/cmake/${box_name}.cmake)
    include(cmake/${box_name}.cmake)
  else()
    cam_box(${box_name} "${box_uses}" "${box_links}")
  endif()
endforeach()
