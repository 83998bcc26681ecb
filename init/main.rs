#![no_std]
#![no_main]
#[panic_handler]
fn p(_: &core::panic::PanicInfo) -> ! { loop {} }
static M: spin::Mutex<u32> = spin::Mutex::new(0);
#[unsafe(no_mangle)]
extern "C" fn main() -> u32 { *M.lock() += 1; *M.lock() }
