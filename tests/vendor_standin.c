/* vendor_standin.c: a shared library that tests/unit/vendor_library.c looks for. */
int cam_vendor_standin(void);

int cam_vendor_standin(void) {
    return 7;
}
