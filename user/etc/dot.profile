# Read by root's login shell after /etc/profile.
PS1='[$PWD]# '
