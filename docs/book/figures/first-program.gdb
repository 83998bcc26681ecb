# append: console=ttyS0
program sh
echo == begin\n
ps
