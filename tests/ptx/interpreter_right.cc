/* interpreter_right.cc: kernels that are right, and what they must compute. They show what the kernels of the product do
 * not use yet. Results are by hand from the PTX ISA 9.0.
 */
#include "interpreter_test.h"

#define STORE "st.global.u32 [%rd1], %r1;"

static uint32_t lane(unsigned t) {
    return t % 32;
}

const interpreter_case right_cases[] = {
    {"shuffle_idx_from_lane_5", 64, "shfl.sync.idx.b32 %r1|%p1, %r0, 5, 31, -1;" STORE, nullptr,
     [](unsigned t) { return t / 32 * 32 + 5; }},
    {"shuffle_up_keeps_the_first", 32, "shfl.sync.up.b32 %r1|%p1, %r0, 1, 0, -1; @!%p1 mov.u32 %r1, 77;" STORE, nullptr,
     [](unsigned t) { return t == 0 ? 77 : t - 1; }},
    {"shuffle_down_keeps_the_last", 32, "shfl.sync.down.b32 %r1|%p1, %r0, 3, 31, -1; @!%p1 mov.u32 %r1, 77;" STORE,
     nullptr, [](unsigned t) { return t > 28 ? 77 : t + 3; }},
    {"shuffle_in_segments_of_8", 32, "shfl.sync.down.b32 %r1|%p1, %r0, 1, 0x181f, -1;" STORE, nullptr,
     [](unsigned t) { return t % 8 == 7 ? t : t + 1; }},
    {"shuffle_of_half_a_warp", 32,
     "setp.ge.u32 %p1, %r0, 16; mov.u32 %r1, 9; @%p1 bra A; shfl.sync.bfly.b32 %r1, %r0, 1, 31, 0xffff;\nA:" STORE,
     nullptr, [](unsigned t) { return t < 16 ? t ^ 1 : 9; }},
    {"lanes_of_both_branches_meet_in_a_vote", 32,
     "and.b32 %r2, %r0, 1; setp.eq.u32 %p1, %r2, 0; @%p1 bra A; mov.u32 %r3, 1; bra.uni B;\nA: mov.u32 %r3, 2;\n"
     "B: setp.eq.u32 %p2, %r3, 2; vote.sync.ballot.b32 %r1, %p2, -1;" STORE,
     nullptr, [](unsigned) { return 0x55555555u; }},
    {"votes", 32,
     "setp.lt.u32 %p1, %r0, 31; vote.sync.all.pred %p2, %p1, -1; vote.sync.any.pred %p3, %p1, -1;"
     "vote.sync.uni.pred %p4, %p1, -1; selp.u32 %r1, 1, 0, %p2; selp.u32 %r2, 2, 0, %p3; selp.u32 %r3, 4, 0, %p4;"
     "add.u32 %r1, %r1, %r2; add.u32 %r1, %r1, %r3;" STORE,
     nullptr, [](unsigned) { return 2u; }},
    {"redux_of_signed_numbers", 32, "sub.s32 %r2, %r0, 5; redux.sync.min.s32 %r1, %r2, -1;" STORE, nullptr,
     [](unsigned) { return (uint32_t)-5; }},
    {"redux_add", 32, "redux.sync.add.u32 %r1, %r0, -1;" STORE, nullptr, [](unsigned) { return 496u; }},
    {"a_loop_of_each_lane_its_own_length", 32,
     "mov.u32 %r1, 0;\nL: setp.ge.u32 %p1, %r1, %r0; @%p1 bra E; add.u32 %r1, %r1, 1; bra.uni L;\nE: bar.warp.sync "
     "-1;" STORE,
     nullptr, lane},
    {"a_scope_has_its_own_names", 32,
     "mov.u32 %r1, 1; { .reg .b32 t; .reg .pred p; mov.u32 t, 4; setp.eq.u32 p, t, 4; @!p bra L; add.u32 %r1, %r1, "
     "t;\nL: }"
     "{ .reg .b32 t; mov.u32 t, 8; bra L; mov.u32 t, 9;\nL: add.u32 %r1, %r1, t; }" STORE,
     nullptr, [](unsigned) { return 13u; }},
    {"fma_rounded_down", 32,
     "mov.f32 %f1, 0f3F800001; mov.f32 %f2, 0f3F800001; mov.f32 %f3, 0f00000000; fma.rm.f32 %f4, %f1, %f2, %f3;"
     "mov.b32 %r1, %f4;" STORE,
     nullptr, [](unsigned) { return 0x3f800002u; }},
    {"integer_words", 32,
     "mul.hi.u32 %r1, 0x80000000, 6; shf.l.wrap.b32 %r2, 0x80000000, 1, 4; popc.b32 %r3, 0xf0f0; clz.b32 %r4, "
     "0x00ffffff;"
     "bfe.u32 %r5, 0x12345678, 8, 8; prmt.b32 %r6, 0x33221100, 0x77665544, 0x7; add.u32 %r1, %r1, %r2;"
     "add.u32 %r1, %r1, %r3; add.u32 %r1, %r1, %r4; add.u32 %r1, %r1, %r5; xor.b32 %r1, %r1, %r6;" STORE,
     nullptr, [](unsigned) { return (3u + 0x18u + 8u + 8u + 0x56u) ^ 0x77u; }},
    {"conversions", 32,
     "mov.f32 %f1, 0fC0200000; cvt.rzi.s32.f32 %r1, %f1; cvt.rni.s32.f32 %r2, %f1; cvt.rmi.s32.f32 %r3, %f1;"
     "mad.lo.s32 %r1, %r1, 100, %r2; mad.lo.s32 %r1, %r1, 100, %r3;" STORE,
     nullptr, [](unsigned) { return (uint32_t)(-2 * 10000 - 2 * 100 - 3); }}, /* of -2.5 */
    {"local_memory", 32,
     ".local .align 8 .b8 depot[16]; mov.u64 %rd2, depot; st.local.u32 [%rd2+4], %r0; cvta.local.u64 %rd3, %rd2;"
     "ld.u32 %r1, [%rd3+4];" STORE,
     nullptr, lane},
    {"generic_addresses_of_shared_memory", 32,
     "mov.u32 %r2, dynamic; shl.b32 %r3, %r0, 2; add.u32 %r2, %r2, %r3; cvt.u64.u32 %rd2, %r2; cvta.shared.u64 %rd3, "
     "%rd2;"
     "st.u32 [%rd3], %r0; ld.shared.u32 %r1, [%r2];" STORE,
     nullptr, lane},
    {"static_shared_memory", 32,
     ".shared .align 4 .b8 fixed[128]; mov.u32 %r2, fixed; shl.b32 %r3, %r0, 2; add.u32 %r2, %r2, %r3;"
     "st.shared.u32 [%r2], %r0; st.shared.u32 [dynamic], 5; ld.shared.u32 %r1, [%r2];" STORE,
     nullptr, lane},
    {"what_a_selp_discards_need_not_be_written", 32,
     "add.f32 %f1, %f2, %f3; setp.ge.u32 %p1, %r0, 0; mov.f32 %f4, 0f3F800000; selp.f32 %f5, %f4, %f1, %p1;"
     "mov.b32 %r1, %f5;" STORE,
     nullptr, [](unsigned) { return 0x3f800000u; }},
    {"copies_of_two_groups", 32,
     "mov.u32 %r2, dynamic; shl.b32 %r3, %r0, 2; add.u32 %r4, %r2, %r3;"
     "cp.async.ca.shared.global [%r4], [%rd1], 4; cp.async.commit_group; cp.async.ca.shared.global [%r4+512], "
     "[%rd1+4], 4;"
     "cp.async.commit_group; cp.async.wait_group 1; ld.shared.u32 %r1, [%r4]; cp.async.wait_all; ld.shared.u32 %r5, "
     "[%r4+512];"
     "bar.sync 0; sub.u32 %r5, %r5, %r1; add.u32 %r1, %r1, %r5;" STORE,
     nullptr, [](unsigned t) { return 1001 + t; }},
    {"a_copy_fills_with_zeros", 32,
     "mov.u32 %r2, dynamic; shl.b32 %r3, %r0, 4; add.u32 %r4, %r2, %r3;"
     "cp.async.cg.shared.global [%r4], [%rd0], 16, 4; cp.async.commit_group; cp.async.wait_group 0;"
     "ld.shared.v4.u32 {%r5, %r6, %r7, %r8}, [%r4]; or.b32 %r1, %r6, %r7; or.b32 %r1, %r1, %r8; add.u32 %r1, %r1, %r5;"
     "bar.sync 0;" STORE,
     nullptr, [](unsigned) { return 1000u; }},
    {"warps_hand_over_by_an_mbarrier", 64,
     "setp.ne.u32 %p1, %r0, 0; @%p1 bra A; mbarrier.init.shared.b64 [dynamic], 32;\nA: bar.sync 0; griddepcontrol.wait;"
     "setp.ge.u32 %p2, %r0, 32; mov.u32 %r2, dynamic; and.b32 %r3, %r0, 31; shl.b32 %r3, %r3, 2; add.u32 %r2, %r2, %r3;"
     "mov.u32 %r1, %r0; @%p2 bra C; st.shared.u32 [%r2+16], %r0; mbarrier.arrive.shared.b64 %rd2, [dynamic]; bra D;\n"
     "C: { .reg .pred p;\nW: mbarrier.try_wait.parity.shared.b64 p, [dynamic], 0; @!p bra W; }"
     "ld.shared.u32 %r1, [%r2+16];\nD: griddepcontrol.launch_dependents;" STORE,
     nullptr, lane},
    {"a_bulk_copy_completes_on_an_mbarrier", 32,
     "setp.ne.u32 %p1, %r0, 0; @%p1 bra A; mbarrier.init.shared::cta.b64 [dynamic], 1;"
     "mbarrier.arrive.expect_tx.shared::cta.b64 %rd2, [dynamic], 128; mov.u32 %r2, dynamic; add.u32 %r3, %r2, 128;"
     "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r3], [%rd0], 128, [%r2];\n"
     "A: bar.sync 0;\nW: mbarrier.try_wait.parity.shared::cta.b64 %p2, [dynamic], 0; @!%p2 bra W;"
     "mov.u32 %r4, dynamic; shl.b32 %r5, %r0, 2; add.u32 %r4, %r4, %r5; ld.shared.u32 %r1, [%r4+128]; add.u32 %r1, "
     "%r1, 1;" STORE,
     nullptr, [](unsigned t) { return 1001 + t; }},
    {nullptr, 0, nullptr, nullptr, nullptr}};
