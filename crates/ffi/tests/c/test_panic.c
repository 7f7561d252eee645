/* A panic of the library, forced, and life after it. */
#include "check.h"

int32_t mqward_test_panic(void);

int main(void)
{
    for (int i = 0; i < 3; i++) {
        EXPECT(MQWARD_ERR_PANIC, mqward_test_panic());
    }
    OK(mqward_topic_name_check("still/here", 10));
    return failures != 0;
}
