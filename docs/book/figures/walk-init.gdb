# append: console=ttyS0
program sh
echo == begin\n
pagetable 0 1
