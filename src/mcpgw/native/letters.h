/* What reading a frame and looking for its strings have in common, letter by letter. */
#ifndef MCPGW_LETTERS_H
#define MCPGW_LETTERS_H

#include <stdint.h>

static inline unsigned char lower(unsigned char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (unsigned char)(letter | 0x20) : letter;
}

/* The value of four hex digits; -1 for other letters. */
static inline int hex4(const unsigned char *at)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char digit = lower(at[i]);
        if (digit >= '0' && digit <= '9')
            value = value * 16 + digit - '0';
        else if (digit >= 'a' && digit <= 'f')
            value = value * 16 + digit - 'a' + 10;
        else
            return -1;
    }
    return value;
}

/* Whether one of eight letters ends a run: a quote, a backslash, a control character, or anything beyond ASCII. */
static inline int has_special(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    uint64_t quotes = word ^ (ones * '"'), slashes = word ^ (ones * '\\');
    return (((word - ones * 0x20) | word | ((quotes - ones) & ~quotes) | ((slashes - ones) & ~slashes)) & tops) != 0;
}

#endif
