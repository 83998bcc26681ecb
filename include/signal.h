/* signal.h - signals. Numbers and layouts are 0.11's. */
#ifndef _SIGNAL_H
#define _SIGNAL_H

#include <sys/types.h>

typedef int sig_atomic_t;
typedef unsigned int sigset_t;		/* bit n-1 stands for signal n */

#define _NSIG		32
#define NSIG		_NSIG

#define SIGHUP		1
#define SIGINT		2
#define SIGQUIT		3
#define SIGILL		4
#define SIGTRAP		5
#define SIGABRT		6
#define SIGIOT		6
#define SIGUNUSED	7
#define SIGBUS		7	/* later name: the disk failed under a page */
#define SIGFPE		8
#define SIGKILL		9
#define SIGUSR1		10
#define SIGSEGV		11
#define SIGUSR2		12
#define SIGPIPE		13
#define SIGALRM		14
#define SIGTERM		15
#define SIGSTKFLT	16
#define SIGCHLD		17
#define SIGCONT		18
#define SIGSTOP		19
#define SIGTSTP		20
#define SIGTTIN		21
#define SIGTTOU		22
#define SIGXCPU		24	/* limits of setrlimit; not in 0.11 */
#define SIGXFSZ		25
#define SIGWINCH	28	/* not in 0.11 */

#define SA_NOCLDSTOP	1		/* no SIGCHLD for stopped children */
#define SA_RESTART	0x10000000	/* begin an interrupted call again; not in 0.11 */
#define SA_NOMASK	0x40000000	/* do not block the signal in its handler */
#define SA_ONESHOT	0x80000000	/* back to SIG_DFL on delivery */

#define SIG_BLOCK	0
#define SIG_UNBLOCK	1
#define SIG_SETMASK	2

typedef void (*__sighandler_t)(int);

#define SIG_DFL		((__sighandler_t)0)
#define SIG_IGN		((__sighandler_t)1)
#define SIG_ERR		((__sighandler_t)-1)

struct sigaction {
	void (*sa_handler)(int);
	sigset_t sa_mask;		/* blocked in the handler, besides the signal itself */
	int sa_flags;
	void (*sa_restorer)(void);	/* the library fills it in */
};

/* 0.11's signal(): the handler runs once (SA_ONESHOT) and unmasked (SA_NOMASK). */
void (*signal(int sig, void (*handler)(int)))(int);
int raise(int sig);
int kill(pid_t pid, int sig);
int sigaddset(sigset_t *set, int sig);
int sigdelset(sigset_t *set, int sig);
int sigemptyset(sigset_t *set);
int sigfillset(sigset_t *set);
int sigismember(const sigset_t *set, int sig);
int sigpending(sigset_t *set);
int sigprocmask(int how, const sigset_t *set, sigset_t *old);
int sigsuspend(const sigset_t *mask);
int sigaction(int sig, const struct sigaction *act, struct sigaction *old);
unsigned int sgetmask(void);
unsigned int ssetmask(unsigned int mask);

#endif
