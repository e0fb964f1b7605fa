// SPDX-License-Identifier: Apache-2.0
// The extensions that the fake driver knows: X(name without VK_, version of the extension, of the instance, listed).
#ifndef NTF_FAKE_EXTENSIONS_H
#define NTF_FAKE_EXTENSIONS_H

#define FAKE_EXTENSIONS(X)                                                                                             \
    X(KHR_surface, 25, true, true)                                                                                     \
    X(KHR_get_surface_capabilities2, 1, true, true)                                                                    \
    X(KHR_get_physical_device_properties2, 2, true, true)                                                              \
    X(KHR_external_fence_capabilities, 1, true, true)                                                                  \
    X(KHR_external_semaphore_capabilities, 1, true, true)                                                              \
    X(KHR_device_group_creation, 1, true, true)                                                                        \
    X(KHR_display, 23, true, true)                                                                                     \
    X(EXT_display_surface_counter, 1, true, true)                                                                      \
    X(EXT_headless_surface, 1, true, true)                                                                             \
    X(EXT_surface_maintenance1, 1, true, true)                                                                         \
    X(KHR_swapchain, 70, false, true)                                                                                  \
    X(EXT_swapchain_maintenance1, 1, false, true)                                                                      \
    X(KHR_swapchain_maintenance1, 1, false, true)                                                                      \
    X(EXT_display_control, 1, false, true)                                                                             \
    X(EXT_frame_boundary, 1, false, true)                                                                              \
    X(KHR_device_group, 4, false, true)                                                                                \
    X(KHR_timeline_semaphore, 2, false, true)                                                                          \
    X(KHR_synchronization2, 1, false, true)                                                                            \
    X(KHR_external_fence, 1, false, true)                                                                              \
    X(KHR_external_fence_fd, 1, false, FAKE_HAS_DESCRIPTORS)                                                           \
    X(KHR_external_fence_win32, 1, false, false)                                                                       \
    X(KHR_external_semaphore, 1, false, true)                                                                          \
    X(KHR_external_semaphore_win32, 1, false, false)                                                                   \
    X(KHR_maintenance5, 1, false, false)                                                                               \
    X(KHR_internally_synchronized_queues, 1, false, false)                                                             \
    X(NTFENCE_fence_import, 1, false, false) /* never a driver's: listed only to see who lets it through */

#define FAKE_EXTENSION_MEMBER(name, version, of_instance, listed) EXT_##name,
enum extension { FAKE_EXTENSIONS(FAKE_EXTENSION_MEMBER) EXTENSIONS };
#undef FAKE_EXTENSION_MEMBER
#define NO_EXTENSION EXTENSIONS

#endif
