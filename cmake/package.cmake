# The Debian package that `make package` writes. Its dependencies are those of the libraries that the program is linked
# with; MPI and CUDA's libraries are loaded when they are needed.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cam-train)
set(CPACK_PACKAGE_CONTACT "The cam-train authors <cam-train@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "fine-tunes CamemBERT for French text classification")
set(CPACK_PACKAGE_DESCRIPTION
    "A file of texts and labels goes in; a folder comes out that Hugging Face's transformers loads. One program, no Python at run time.")
set(CPACK_PACKAGE_FILE_NAME "cam-train_${PROJECT_VERSION}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates) # for https, by libcurl
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "openmpi-bin | mpich")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
include(CPack)
