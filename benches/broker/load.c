/* Many connections that each have one request in flight, sending it again as soon as it is answered.
 *
 * load HOST PORT SECONDS FILE...: one connection per FILE, which holds a whole request with its
 * length. After a quarter of the time to warm up it counts answers, and prints how many a second,
 * then the last answer of each connection as hexadecimal, for its caller to check.
 * Invariant: it looks at nothing but the length of an answer; a connection that ends is a failure.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MAX = 1 << 16, CONNECTIONS_MAX = 4096, EVENTS = 256 };

struct connection {
    int socket;
    size_t request_size, have;
    unsigned char *request, answer[ANSWER_MAX];
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void ask(struct connection *one) {
    for (size_t sent = 0; sent < one->request_size;) {
        ssize_t n = write(one->socket, one->request + sent, one->request_size - sent);
        if (n < 0) fail("write");
        sent += n;
    }
    one->have = 0;
}

static size_t size_of(const struct connection *one) {
    const unsigned char *b = one->answer;
    return 4 + ((size_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]);
}

/* Returns whether a whole answer is there now. */
static int take(struct connection *one) {
    ssize_t n = read(one->socket, one->answer + one->have, ANSWER_MAX - one->have);
    if (n <= 0) fail("a broker that answers no more");
    one->have += n;
    return one->have >= 4 && one->have >= size_of(one);
}

static struct connection *connected(const char *host, int port, const char *file) {
    struct connection *one = calloc(1, sizeof *one);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1;
    FILE *in = fopen(file, "rb");
    if (!one || !in || inet_pton(AF_INET, host, &to.sin_addr) != 1) fail(file);
    one->request = malloc(ANSWER_MAX);
    one->request_size = fread(one->request, 1, ANSWER_MAX, in);
    fclose(in);
    one->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(one->socket, (struct sockaddr *)&to, sizeof to)) fail("connect");
    setsockopt(one->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return one;
}

int main(int count, char **arguments) {
    int connections = count - 4, queue = epoll_create1(0);
    if (connections < 1 || connections > CONNECTIONS_MAX) {
        fprintf(stderr, "load HOST PORT SECONDS FILE...\n");
        return 2;
    }
    double seconds = atof(arguments[3]);
    struct connection *all[CONNECTIONS_MAX];
    for (int i = 0; i < connections; i++) {
        all[i] = connected(arguments[1], atoi(arguments[2]), arguments[4 + i]);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = all[i]};
        epoll_ctl(queue, EPOLL_CTL_ADD, all[i]->socket, &event);
        ask(all[i]);
    }
    double begin = now() + seconds / 4, end = begin + seconds, at = 0;
    long answers = 0;
    while ((at = now()) < end) {
        struct epoll_event events[EVENTS];
        int found = epoll_wait(queue, events, EVENTS, 1000);
        if (found < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < found; i++) {
            struct connection *one = events[i].data.ptr;
            if (!take(one)) continue;
            answers += at >= begin;
            ask(one);
        }
    }
    printf("%.1f\n", answers / (at - begin));
    for (int i = 0; i < connections; i++) {
        while (!take(all[i])) {
        }
        for (size_t j = 0; j < all[i]->have; j++) printf("%02x", all[i]->answer[j]);
        printf("\n");
    }
    return 0;
}
