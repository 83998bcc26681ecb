/* hello-c - the smallest useful C program: what it is given, and where it runs. */
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(int argc, char **argv, char **envp)
{
	struct utsname name;

	if (uname(&name) < 0) {
		perror("uname");
		return 1;
	}
	printf("Hello from C, process %d on %s %s (%s).\n", getpid(), name.sysname, name.release,
		name.machine);
	for (int i = 0; i < argc; i++)
		printf("argument %d: %s\n", i, argv[i]);
	for (; *envp; envp++)
		printf("environment: %s\n", *envp);
	return 0;
}
