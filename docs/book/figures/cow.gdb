# append: init=/bin/cow console=ttyS0
program cow
fault write
echo == begin\n
echo Right after the fork, before the first write:\n\n
pagetable 0x3fff000 1
pagetable 0x3fff000 2
python stop_in_user(user_fault_pc())
echo \nThe writer has its copy; the other has the old page, with count 1:\n\n
pagetable 0x3fff000 1
pagetable 0x3fff000 2
fault 2 write
python stop_in_user(user_fault_pc())
echo \nThe other one has written: it got its write access back:\n\n
pagetable 0x3fff000 1
pagetable 0x3fff000 2
