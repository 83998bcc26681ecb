# append: console=ttyS0
program sh
echo == begin\n
pagetable 0x0 2
pagetable 0x1000 2
fault
