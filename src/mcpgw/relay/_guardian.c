/* The guardian's watch as a program of its own, for memory's sake: a twentieth of what the same in Python holds.
 *
 *     _guardian SERVER GATEWAY LIFELINE WORDS
 *
 * guardian.py executes it once it has forked the server and closed everything else; pids and descriptors are given as
 * numbers. It is `_watch` and `_sweep` of guardian.py line by line: what is to be changed there is to be changed here.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SWEEP_SECONDS = 10, SWEEP_PAUSE_NS = 1000000, STAT_BYTES = 1024 };

static void say(int words, int word)
{
    uint32_t value = (uint32_t)word;
    /* A gateway that has gone is told by the lifeline, too. */
    if (write(words, &value, sizeof value) < 0)
        return;
}

static double now(void)
{
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return (double)moment.tv_sec + (double)moment.tv_nsec / 1e9;
}

static pid_t parent_of(const char *pid)
{
    char path[64], text[STAT_BYTES], *bracket;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    /* The command name may hold spaces and brackets; the last bracket ends it. */
    bracket = strrchr(text, ')');
    int parent = 0;
    return bracket != NULL && sscanf(bracket + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* A kernel without CONFIG_PROC_CHILDREN: everybody's stat line. */
static void kill_by_scan(pid_t me)
{
    DIR *proc = opendir("/proc");
    if (proc == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(proc)) != NULL;)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && parent_of(entry->d_name) == me)
            kill((pid_t)atoi(entry->d_name), SIGKILL);
    closedir(proc);
}

/* Only children are killed: their numbers cannot name anybody else before they are reaped here. */
static void kill_children(void)
{
    char path[64];
    pid_t me = getpid();
    int child;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", me);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        kill_by_scan(me);
        return;
    }
    while (fscanf(file, "%d", &child) == 1)
        kill(child, SIGKILL);
    fclose(file);
}

/* What a killed child leaves behind becomes a child in turn, whatever session or group it is in. */
static void sweep(void)
{
    double until = now() + SWEEP_SECONDS;
    while (now() < until) {
        int ended = 0;
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            ended = 1;
        if (pid < 0 && errno == ECHILD)
            return;
        kill_children();
        if (!ended)
            nanosleep(&(struct timespec){0, SWEEP_PAUSE_NS}, NULL);
    }
}

static void reap(pid_t *server, pid_t gateway, int words)
{
    pid_t pid;
    int status;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != *server)
            continue;
        *server = 0; /* the number may name another child later */
        say(words, status);
        if (getppid() == gateway)
            kill(gateway, SIGCHLD); /* as if the server were its own child */
    }
}

int main(int count, char **arguments)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
    if (count != 5)
        return 2;
    pid_t server = atoi(arguments[1]), gateway = atoi(arguments[2]);
    int lifeline = atoi(arguments[3]), words = atoi(arguments[4]);
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    struct pollfd watched[] = {{lifeline, 0, 0}, {signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK), POLLIN, 0}};
    for (;;) {
        struct signalfd_siginfo seen;
        while (read(watched[1].fd, &seen, sizeof seen) > 0)
            continue;
        reap(&server, gateway, words);
        if (poll(watched, 2, -1) < 0 && errno != EINTR)
            break;
        if (watched[0].revents)
            break;
    }
    sweep();
    return 0;
}
