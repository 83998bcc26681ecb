# append: init=/bin/cow console=ttyS0
program cow
fault write
echo == begin\n
ps
pagetable 0x0 1
pagetable 0x0 2
