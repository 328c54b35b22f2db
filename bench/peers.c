/* The two ends of the scale that a gateway is measured on: a server that answers at once, and a relay that does the
 * least a relay can do.
 *
 *     peers echo              answers each line's id; `"n":SIZE` asks for an answer of about SIZE bytes
 *     peers copy COMMAND...   starts COMMAND and copies bytes both ways, unseen
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK 65536
#define LONGEST (64 << 20)

static const char filler[] = "for x in range(10): total += x * 2\\n";

static void write_all(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0)
            exit(0);
        bytes += written;
        length -= (size_t)written;
    }
}

static long number_behind(const char *line, const char *end, const char *key, long otherwise)
{
    const char *found = memmem(line, (size_t)(end - line), key, strlen(key));
    return found ? atol(found + strlen(key)) : otherwise;
}

static void answer(const char *line, const char *end)
{
    static char *out;
    long size = number_behind(line, end, "\"n\":", 0), pieces = size / (long)(sizeof filler - 1);
    long id = number_behind(line, end, "\"id\":", -1);
    if (id < 0)
        return; /* a notification */
    if (out == NULL && (out = malloc(LONGEST)) == NULL)
        exit(1);
    char *at = out + sprintf(out, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":{\"protocolVersion\":\"2025-11-25\","
                                  "\"content\":[{\"type\":\"text\",\"text\":\"",
                             id);
    for (long i = 0; i < pieces; i++, at += sizeof filler - 1)
        memcpy(at, filler, sizeof filler - 1);
    at += sprintf(at, "\"}]}}\n");
    write_all(1, out, (size_t)(at - out));
}

static int echo(void)
{
    char *held = malloc(LONGEST);
    size_t filled = 0;
    for (ssize_t got; held && (got = read(0, held + filled, CHUNK)) > 0;) {
        char *start = held, *stop;
        filled += (size_t)got;
        for (; (stop = memchr(start, '\n', filled - (size_t)(start - held))) != NULL; start = stop + 1)
            answer(start, stop);
        filled -= (size_t)(start - held);
        memmove(held, start, filled);
    }
    return 0;
}

static int copy(char **command)
{
    static char bytes[CHUNK];
    int to_server[2], to_client[2];
    if (pipe(to_server) || pipe(to_client))
        return 1;
    if (fork() == 0) {
        dup2(to_server[0], 0);
        dup2(to_client[1], 1);
        for (int fd = 3; fd < 10; fd++)
            close(fd);
        execvp(command[0], command);
        _exit(127);
    }
    close(to_server[0]);
    close(to_client[1]);
    struct pollfd ends[2] = {{0, POLLIN, 0}, {to_client[0], POLLIN, 0}};
    const int sinks[2] = {to_server[1], 1};
    while (ends[1].fd >= 0 && poll(ends, 2, -1) > 0)
        for (int i = 0; i < 2; i++) {
            if (ends[i].fd < 0 || !ends[i].revents)
                continue;
            ssize_t got = read(ends[i].fd, bytes, CHUNK);
            if (got > 0)
                write_all(sinks[i], bytes, (size_t)got);
            else {
                close(sinks[i]);
                ends[i].fd = -1;
            }
        }
    return wait(NULL) < 0;
}

int main(int count, char **words)
{
    if (count == 2 && strcmp(words[1], "echo") == 0)
        return echo();
    if (count > 2 && strcmp(words[1], "copy") == 0)
        return copy(words + 2);
    fputs("peers echo | peers copy COMMAND...\n", stderr);
    return 2;
}
