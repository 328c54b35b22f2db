/* SHA-256 (FIPS 180-4), by the processor's own instructions where it has them. */
#ifndef MCPGW_SHA256_H
#define MCPGW_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_HEX 64

/* Writes the digest of `head` followed by `body`, as 64 lower-case hex digits without an end mark. */
void sha256_hex(const char *head, size_t head_length, const char *body, size_t body_length, char *hex);

#endif
