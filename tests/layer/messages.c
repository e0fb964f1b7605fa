// SPDX-License-Identifier: Apache-2.0
// Who hears of a refusal, how often, and what the settings change about it. No validation layer here.
#include "vulkan.h"

#include <stdio.h>
#include <string.h>

// VK_EXT_layer_settings, as an application of today would write it.
struct setting {
    const char *layer, *name;
    int32_t type;
    uint32_t count;
    const void *values;
};
struct settings {
    VkStructureType sType;
    const void *pNext;
    uint32_t count;
    const struct setting *settings;
};
#define SETTINGS_TYPE ((VkStructureType)1000496000)
enum { SETTING_BOOL32 = 0, SETTING_STRING = 7 };

struct hearer {
    unsigned errors, warnings, infos;
    char last[2048];
};

static VKAPI_ATTR VkBool32 VKAPI_CALL hear(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                           VkDebugUtilsMessageTypeFlagsEXT types,
                                           const VkDebugUtilsMessengerCallbackDataEXT *data, void *user)
{
    struct hearer *hearer = user;
    if (!data->pMessageIdName || strncmp(data->pMessageIdName, "NTF-", 4) != 0)
        return VK_FALSE;
    assert_int_equal(types, VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT);
    assert_int_equal(data->sType, VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CALLBACK_DATA_EXT);
    assert_int_not_equal(data->messageIdNumber, 0);
    hearer->errors += severity == VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
    hearer->warnings += severity == VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT;
    hearer->infos += severity == VK_DEBUG_UTILS_MESSAGE_SEVERITY_INFO_BIT_EXT;
    snprintf(hearer->last, sizeof hearer->last, "%s: %s", data->pMessageIdName, data->pMessage);
    return VK_TRUE; // has no effect on us
}

static VKAPI_ATTR VkBool32 VKAPI_CALL hear_report(VkDebugReportFlagsEXT flags, VkDebugReportObjectTypeEXT type,
                                                  uint64_t object, size_t location, int32_t code,
                                                  const char *prefix, const char *message, void *user)
{
    struct hearer *hearer = user;
    (void)type;
    (void)object;
    (void)location;
    (void)code;
    if (strcmp(prefix, "ntfence") != 0)
        return VK_FALSE;
    hearer->errors += flags == VK_DEBUG_REPORT_ERROR_BIT_EXT;
    hearer->warnings += flags == VK_DEBUG_REPORT_WARNING_BIT_EXT;
    hearer->infos += flags == VK_DEBUG_REPORT_INFORMATION_BIT_EXT;
    snprintf(hearer->last, sizeof hearer->last, "%s", message);
    return VK_FALSE;
}

enum {
    ERROR_BIT = VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
    WARNING_BIT = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT,
    INFO_BIT = VK_DEBUG_UTILS_MESSAGE_SEVERITY_INFO_BIT_EXT,
    GENERAL = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT,
    VALIDATION = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
};

static VkDebugUtilsMessengerCreateInfoEXT wants(unsigned severities, unsigned types, struct hearer *hearer)
{
    return (VkDebugUtilsMessengerCreateInfoEXT){.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
                                                .messageSeverity = severities, .messageType = types,
                                                .pfnUserCallback = hear, .pUserData = hearer};
}

static VkDebugUtilsMessengerEXT messenger_new(unsigned severities, unsigned types, struct hearer *hearer)
{
    const VkDebugUtilsMessengerCreateInfoEXT info = wants(severities, types, hearer);
    VkDebugUtilsMessengerEXT messenger;
    assert_int_equal(vk.CreateDebugUtilsMessengerEXT(world.instance, &info, NULL, &messenger), VK_SUCCESS);
    return messenger;
}

static void begin(const struct world_options *options)
{
    instance_open(options);
    device_use(device_new((const char *const[]){VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL}));
}

static void end(void)
{
    vk.DestroyDevice(world.device, NULL);
    instance_close();
}

static void be_refused(void)
{
    VkFence fence = fence_new();
    assert_int_equal(import_by_handle(fence, (ntf_handle)(intptr_t)-1, 0, 0), VK_ERROR_INVALID_EXTERNAL_HANDLE);
    fence_free(fence);
}

// Each messenger once, if it asked for the severity and the type; a destroyed one no more.
static void messengers(void **state)
{
    struct hearer all = {0}, errors = {0}, warnings = {0}, validation = {0}, gone = {0};
    VkDebugUtilsMessengerEXT list[4], leaving;
    (void)state;
    instance_open(&(struct world_options){.no_messenger = true});
    list[0] = messenger_new(ERROR_BIT | WARNING_BIT | INFO_BIT, GENERAL | VALIDATION, &all);
    list[1] = messenger_new(ERROR_BIT, GENERAL, &errors);
    leaving = messenger_new(ERROR_BIT | INFO_BIT, GENERAL, &gone);
    list[2] = messenger_new(WARNING_BIT, GENERAL, &warnings);
    list[3] = messenger_new(ERROR_BIT | WARNING_BIT | INFO_BIT, VALIDATION, &validation);
    vk.DestroyDebugUtilsMessengerEXT(world.instance, leaving, NULL);
    device_use(device_new((const char *const[]){VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL}));
    assert_int_equal(all.infos, 3); // the device, the providers, the route
    be_refused();
    be_refused();
    assert_int_equal(all.errors, 2);
    assert_int_equal(errors.errors, 2);
    assert_non_null(strstr(errors.last, "NTF-IMPORT-001"));
    assert_int_equal(errors.infos + errors.warnings, 0);
    assert_int_equal(warnings.errors + warnings.infos, 0);
    assert_int_equal(validation.errors + validation.infos, 0);
    assert_int_equal(gone.errors + gone.infos, 0);
    for (size_t i = 0; i < NTF_COUNT(list); i++)
        vk.DestroyDebugUtilsMessengerEXT(world.instance, list[i], NULL);
    be_refused(); // to stderr
    assert_int_equal(all.errors, 2);
    end();
}

static void report_callbacks(void **state)
{
    struct hearer all = {0}, gone = {0};
    VkDebugReportCallbackCreateInfoEXT info = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_REPORT_CALLBACK_CREATE_INFO_EXT,
        .flags = VK_DEBUG_REPORT_ERROR_BIT_EXT | VK_DEBUG_REPORT_INFORMATION_BIT_EXT,
        .pfnCallback = hear_report, .pUserData = &all};
    VkDebugReportCallbackEXT callback, leaving;
    (void)state;
    instance_open(&(struct world_options){.no_messenger = true,
                                          .instance_extension = VK_EXT_DEBUG_REPORT_EXTENSION_NAME});
    assert_int_equal(vk.CreateDebugReportCallbackEXT(world.instance, &info, NULL, &callback), VK_SUCCESS);
    info.pUserData = &gone;
    assert_int_equal(vk.CreateDebugReportCallbackEXT(world.instance, &info, NULL, &leaving), VK_SUCCESS);
    vk.DestroyDebugReportCallbackEXT(world.instance, leaving, NULL);
    device_use(device_new((const char *const[]){VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL}));
    be_refused();
    assert_int_equal(all.infos, 3); // the device, the providers, the route
    assert_int_equal(all.errors, 1);
    assert_non_null(strstr(all.last, "NTF-IMPORT-001: "));
    assert_int_equal(gone.errors + gone.infos, 0);
    vk.DestroyDebugReportCallbackEXT(world.instance, callback, NULL);
    end();
}

// A messenger in the instance's chain hears of its creation, and of nothing after that.
static void chained(void **state)
{
    static const char *const level[] = {"loud"};
    const struct setting setting = {NTFENCE_LAYER_NAME, "log_level", SETTING_STRING, 1, level};
    const struct settings settings = {SETTINGS_TYPE, NULL, 1, &setting};
    struct hearer hearer = {0};
    VkDebugUtilsMessengerCreateInfoEXT info = wants(ERROR_BIT | WARNING_BIT | INFO_BIT, GENERAL, &hearer);
    (void)state;
    info.pNext = &settings;
    begin(&(struct world_options){.instance_chain = &info});
    assert_int_equal(hearer.warnings, 1);
    assert_non_null(strstr(hearer.last, "NTF-SETTING-001"));
    be_refused();
    assert_int_equal(hearer.errors + hearer.infos, 0);
    assert_int_equal(messages_of("NTF-IMPORT-001"), 1);
    end();
}

// Reads the file and counts the lines with a text in them.
static unsigned lines_with(const char *path, const char *text)
{
    char line[4096];
    unsigned count = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        count += strstr(line, text) != NULL;
    fclose(file);
    return count;
}

// Settings that the application chains: ours only under our name; a file gets every line, messenger or not.
static void settings(void **state)
{
    const char *const path[] = {os_scratch_file()};
    static const char *const wrong[] = {"/nowhere/at/all"};
    static const VkBool32 yes = VK_TRUE;
    const struct setting list[] = {
        {NTFENCE_LAYER_NAME, "log", SETTING_STRING, 1, path},
        {"VK_LAYER_somebody_else", "log", SETTING_STRING, 1, wrong},
        {NTFENCE_LAYER_NAME, "force", SETTING_BOOL32, 1, &yes},
        {NTFENCE_LAYER_NAME, "no_such_setting", SETTING_STRING, 1, wrong},
    };
    const struct settings chain = {SETTINGS_TYPE, NULL, NTF_COUNT(list), list};
    (void)state;
    remove(path[0]);
    begin(&(struct world_options){.instance_chain = &chain});
    be_refused();
    assert_int_equal(lines_with(path[0], "NTF-IMPORT-001"), 1);
    assert_int_equal(lines_with(path[0], "NTF-INFO-001"), 1);
    assert_int_equal(messages_of("NTF-IMPORT-001"), 1);
    end();
    // The environment comes first.
    os_setenv("NTFENCE_LOG", "");
    begin(&(struct world_options){.instance_chain = &chain});
    be_refused();
    os_setenv("NTFENCE_LOG", NULL);
    assert_int_equal(lines_with(path[0], "NTF-IMPORT-001"), 1);
    end();
    remove(path[0]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(messengers), WORLD_TEST(report_callbacks), WORLD_TEST(chained), WORLD_TEST(settings),
    };
    return ntf_test_run("layer-messages", tests, NTF_COUNT(tests), NULL, NULL);
}
