// SPDX-License-Identifier: Apache-2.0
// What the tests of the layer need of the system: os_posix.c, os_win32.c.
#ifndef NTF_TEST_LAYER_OS_H
#define NTF_TEST_LAYER_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kmt/d3dkmt.h"

// The Vulkan loader's file, and what separates the entries of VK_INSTANCE_LAYERS.
extern const char os_loader[];
extern const char os_list_separator[];

// The file that the code at this address belongs to; static storage, overwritten by the next call.
const char *os_module_of(void (*function)(void));
// Sets a variable of this process, as the loader and the layer will see it; NULL removes it.
void os_setenv(const char *name, const char *value);
// Makes the loader find the implicit layers in this folder, and no others, from now on.
void os_use_implicit_folder(const char *folder);
void os_sleep_ms(unsigned ms);
uint64_t os_now_ns(void);
uint32_t os_session(void);
// Stops a process where it stands; false where names have no server that could be stopped.
bool os_freeze(uint32_t pid);
// A path for a file of this process's own; static storage.
const char *os_scratch_file(void);

// Live handles that are no fences.
enum os_stranger { OS_EVENT, OS_FILE, OS_MEMORY, OS_STRANGERS };
ntf_handle os_stranger(enum os_stranger kind);
void os_handle_close(ntf_handle handle);
bool os_handle_live(ntf_handle handle);
// Whether child processes get it.
bool os_handle_inherits(ntf_handle handle);

#endif
