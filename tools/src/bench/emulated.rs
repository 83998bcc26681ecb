//! What the coprocessor's instructions cost where a 387 is emulated.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::machine::{Figure, collect, own};
use crate::machine::{Boot, Qemu, Setup};

/// Instructions that one of the coprocessor's may cost on average.
const TARGET: u32 = 1_000;
/// Not an instruction but three of them in a loop, each.
const PRODUCTS: &str = "products";
/// Those that are computed as power series.
const FUNCTIONS: [&str; 8] = [
    "f2xm1", "fyl2x", "fyl2xp1", "fpatan", "fptan", "fsin", "fcos", "fsincos",
];
/// Figures in a line of the table.
const COLUMNS: usize = 5;

/// The cost of each instruction, and of those of a sum of products in a loop.
pub struct Emulated {
    instructions: Vec<(String, u32)>,
    products: u32,
}

/// A machine that runs `/bench/math` on a kernel with `no387`.
pub fn setup(kernel: &Path, image: &Path) -> Setup {
    let mut setup = own(kernel, image, "/bench/math");
    if let Boot::Kernel { cmdline, .. } = &mut setup.boot {
        cmdline.push_str(" no387");
    }
    setup
}

impl Emulated {
    /// Takes the figures.
    pub fn measure(kernel: &Path, image: &Path) -> Result<Emulated> {
        let figures = Qemu::start(&setup(kernel, image)).and_then(|mut qemu| collect(&mut qemu));
        Emulated::of(&figures.context("the emulated 387")?)
    }

    fn of(figures: &[Figure]) -> Result<Emulated> {
        let (products, instructions): (Vec<&Figure>, Vec<&Figure>) =
            figures.iter().partition(|figure| figure.key == PRODUCTS);
        let products = products.first().context("no figure for products")?.value;
        ensure!(!instructions.is_empty(), "no figure for an instruction");
        let instructions = instructions
            .into_iter()
            .map(|figure| (figure.key.clone(), figure.value))
            .collect();
        Ok(Emulated {
            instructions,
            products,
        })
    }

    fn average(&self) -> u32 {
        let sum: u32 = self.instructions.iter().map(|(_, cost)| cost).sum();
        sum / self.instructions.len() as u32
    }

    fn average_of(&self, functions: bool) -> u32 {
        let costs: Vec<u32> = self
            .instructions
            .iter()
            .filter(|(name, _)| FUNCTIONS.contains(&name.as_str()) == functions)
            .map(|(_, cost)| *cost)
            .collect();
        costs.iter().sum::<u32>() / costs.len().max(1) as u32
    }

    /// Is the average as small as it is to be?
    pub fn check(&self) -> Result<()> {
        let average = self.average();
        ensure!(
            average < TARGET,
            "an emulated instruction of the 387 costs {average} on average, not less than {TARGET}"
        );
        println!("An emulated instruction of the 387 costs {average} on average.");
        Ok(())
    }

    pub fn json(&self) -> Value {
        let each: serde_json::Map<String, Value> = self
            .instructions
            .iter()
            .map(|(name, cost)| (name.clone(), json!(cost)))
            .collect();
        json!({
            "average": self.average(),
            "target": TARGET,
            "in_a_loop": self.products,
            "each": each,
        })
    }
}

impl fmt::Display for Emulated {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        writeln!(
            out,
            "The 387 in software: {} instructions for one of its own, on average of {} kinds\n\
             (target: below {TARGET}); {} without the functions, {} for these; {} each in a loop\n\
             of fld, fmul, faddp. From the trap to the next instruction:",
            self.average(),
            self.instructions.len(),
            self.average_of(false),
            self.average_of(true),
            self.products,
        )?;
        for line in self.instructions.chunks(COLUMNS) {
            let cells: Vec<String> = line
                .iter()
                .map(|(name, cost)| format!("{name:10}{cost:5}"))
                .collect();
            writeln!(out, "  {}", cells.join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages() {
        let figure = |key: &str, value| Figure {
            key: key.into(),
            value,
            count: 1,
        };
        let mut figures = vec![
            figure("fadd_st", 500),
            figure("fsin", 1500),
            figure(PRODUCTS, 300),
        ];
        let emulated = Emulated::of(&figures).unwrap();
        assert_eq!(emulated.average(), 1000);
        assert_eq!(
            (emulated.average_of(false), emulated.average_of(true)),
            (500, 1500)
        );
        assert!(emulated.check().is_err());
        figures[1].value = 1400;
        assert!(Emulated::of(&figures).unwrap().check().is_ok());
        assert!(Emulated::of(&figures[..2]).is_err());
    }
}
