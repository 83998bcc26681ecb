/* signal.c - signals. Every handler needs a restorer, which the kernel's frame returns to. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

void __sig_restore(void);
void __masksig_restore(void);
int __signal(int sig, void (*handler)(int), void (*restorer)(void));
int __sigaction(int sig, const struct sigaction *act, struct sigaction *old);
int __sigsuspend(int restart, unsigned long old, unsigned long mask);

void (*signal(int sig, void (*handler)(int)))(int)
{
	/* 0.11's call sets SA_ONESHOT and SA_NOMASK. */
	int old = __signal(sig, handler, __sig_restore);

	if (old < 0 && old > -4096) {
		errno = -old;
		return SIG_ERR;
	}
	return (__sighandler_t)old;
}

int sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	struct sigaction copy;

	if (!act)
		return __sigaction(sig, act, old);
	copy = *act;
	copy.sa_restorer = act->sa_flags & SA_NOMASK ? __sig_restore : __masksig_restore;
	return __sigaction(sig, &copy, old);
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	sigset_t now = sgetmask();

	if (old)
		*old = now;
	if (!set)
		return 0;
	switch (how) {
	case SIG_BLOCK:
		ssetmask(now | *set);
		return 0;
	case SIG_UNBLOCK:
		ssetmask(now & ~*set);
		return 0;
	case SIG_SETMASK:
		ssetmask(*set);
		return 0;
	}
	errno = EINVAL;
	return -1;
}

int sigsuspend(const sigset_t *mask)
{
	return __sigsuspend(0, 0, *mask);
}

static int good(int sig)
{
	if (sig >= 1 && sig <= NSIG)
		return 1;
	errno = EINVAL;
	return 0;
}

int sigaddset(sigset_t *set, int sig)
{
	if (!good(sig))
		return -1;
	*set |= 1U << (sig - 1);
	return 0;
}

int sigdelset(sigset_t *set, int sig)
{
	if (!good(sig))
		return -1;
	*set &= ~(1U << (sig - 1));
	return 0;
}

int sigismember(const sigset_t *set, int sig)
{
	return good(sig) ? (int)(*set >> (sig - 1)) & 1 : -1;
}

int sigemptyset(sigset_t *set)
{
	*set = 0;
	return 0;
}

int sigfillset(sigset_t *set)
{
	*set = ~0U;
	return 0;
}

int raise(int sig)
{
	return kill(getpid(), sig);
}
