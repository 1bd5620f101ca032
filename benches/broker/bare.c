/* A server that does for each request only what no broker can do without: it reads it, writes it to a
 * file, and answers.
 *
 * bare FILE ANSWER: prints the port it listens on, and answers every request with the bytes in the file
 * ANSWER, under the request's correlation id, until it is killed. FILE is where requests go.
 * Invariant: one thread; a request comes whole and alone, as load.c sends it.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BYTES_MAX = 1 << 16, EVENTS = 256, REQUEST_ID = 8, ANSWER_ID = 4, ID_BYTES = 4 };

static unsigned char request[BYTES_MAX], answer[BYTES_MAX];
static size_t answer_size;
static int log_file;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void watch(int queue, int socket) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = socket};
    if (epoll_ctl(queue, EPOLL_CTL_ADD, socket, &event)) fail("epoll_ctl");
}

static void serve(int socket) {
    ssize_t size = read(socket, request, sizeof request);
    if (size <= REQUEST_ID + ID_BYTES) {
        close(socket);
        return;
    }
    if (write(log_file, request, size) != size) fail("write");
    memcpy(answer + ANSWER_ID, request + REQUEST_ID, ID_BYTES);
    if (write(socket, answer, answer_size) != (ssize_t)answer_size) fail("write");
}

int main(int count, char **arguments) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), queue = epoll_create1(0), on = 1;
    FILE *in = count == 3 ? fopen(arguments[2], "rb") : NULL;
    if (!in) fail("bare FILE ANSWER");
    answer_size = fread(answer, 1, sizeof answer, in);
    log_file = open(arguments[1], O_CREAT | O_WRONLY | O_APPEND, 0600);
    if (log_file < 0 || bind(listener, (struct sockaddr *)&at, size) || listen(listener, EVENTS)) fail("listen");
    if (getsockname(listener, (struct sockaddr *)&at, &size)) fail("getsockname");
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    watch(queue, listener);
    for (;;) {
        struct epoll_event events[EVENTS];
        int found = epoll_wait(queue, events, EVENTS, -1);
        for (int i = 0; i < found; i++) {
            if (events[i].data.fd != listener) {
                serve(events[i].data.fd);
                continue;
            }
            int accepted = accept(listener, NULL, NULL);
            if (accepted < 0) fail("accept");
            setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            watch(queue, accepted);
        }
    }
}
