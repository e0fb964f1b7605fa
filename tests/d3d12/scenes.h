// SPDX-License-Identifier: Apache-2.0
// The tests that lie in other files than the list of them (rung.c).
#ifndef NTF_TEST_D3D12_SCENES_H
#define NTF_TEST_D3D12_SCENES_H

// waits.c
void another_process_wakes_a_wait(void **state);
void early_ends_do_not_pile_up(void **state);
void a_look_sees_the_value_of_the_moment(void **state);
void another_process_sees_a_signal(void **state);
void a_refused_signal_is_told(void **state);
void a_wait_ends_without_the_event(void **state);
void a_wait_ends_without_a_bell(void **state);
void removal_ends_every_wait(void **state);
void shares_again(void **state);

// nested.c
void an_import_of_the_runtimes_own_is_passed_over(void **state);
void imports_take_turns(void **state);
void the_libraries_come_and_go(void **state);

#endif
