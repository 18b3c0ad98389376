// What the primitives of the ECP5 do, for Verilator. Delays are not modelled.
/* verilator lint_off DECLFILENAME */
/* verilator lint_off UNUSEDSIGNAL */ // ports that the design ties off
/* verilator lint_off UNUSEDPARAM */ // times, frequencies and phases

// Both halves of a cycle appear with the rising edge behind them.
module IDDRX1F (input wire D, input wire SCLK, input wire RST, output reg Q0, output reg Q1);
    parameter GSR = "ENABLED";
    reg rising;
    reg falling;
    initial begin
        rising = 1'b0;
        falling = 1'b0;
        Q0 = 1'b0;
        Q1 = 1'b0;
    end
    always @(posedge SCLK) begin
        rising <= D;
        Q0 <= rising;
        Q1 <= falling;
    end
    always @(negedge SCLK) falling <= D;
endmodule

// D0 is shown while the clock is high, D1 while it is low behind that.
module ODDRX1F (input wire D0, input wire D1, input wire SCLK, input wire RST, output wire Q);
    parameter GSR = "ENABLED";
    reg high;
    reg low;
    initial begin
        high = 1'b0;
        low = 1'b0;
    end
    always @(posedge SCLK) begin
        high <= D0;
        low <= D1;
    end
    assign Q = SCLK ? high : low;
endmodule

module DELAYG (input wire A, output wire Z);
    parameter DEL_MODE = "USER_DEFINED";
    parameter DEL_VALUE = 0;
    assign Z = A;
endmodule

// Every output is the input clock: tests that need the ratio drive the clocks themselves.
module EHXPLLL (
    input wire CLKI, CLKFB, PHASESEL1, PHASESEL0, PHASEDIR, PHASESTEP, PHASELOADREG, STDBY, PLLWAKESYNC, RST,
    input wire ENCLKOP, ENCLKOS, ENCLKOS2, ENCLKOS3,
    output wire CLKOP, CLKOS, CLKOS2, CLKOS3, LOCK, INTLOCK, REFCLK, CLKINTFB
);
    parameter CLKI_DIV = 1;
    parameter CLKFB_DIV = 1;
    parameter CLKOP_DIV = 8;
    parameter CLKOS_DIV = 8;
    parameter CLKOP_ENABLE = "ENABLED";
    parameter CLKOS_ENABLE = "DISABLED";
    parameter CLKOP_CPHASE = 0;
    parameter CLKOS_CPHASE = 0;
    parameter CLKOP_FPHASE = 0;
    parameter CLKOS_FPHASE = 0;
    parameter FEEDBK_PATH = "CLKOP";
    parameter OUTDIVIDER_MUXA = "DIVA";
    parameter OUTDIVIDER_MUXB = "DIVB";
    parameter PLLRST_ENA = "DISABLED";
    parameter INTFB_WAKE = "DISABLED";
    parameter STDBY_ENABLE = "DISABLED";
    parameter DPHASE_SOURCE = "DISABLED";
    assign CLKOP = CLKI;
    assign CLKOS = CLKI;
    assign CLKOS2 = 1'b0;
    assign CLKOS3 = 1'b0;
    assign LOCK = 1'b1;
    assign INTLOCK = 1'b1;
    assign REFCLK = CLKI;
    assign CLKINTFB = 1'b0;
endmodule
/* verilator lint_on UNUSEDPARAM */
/* verilator lint_on UNUSEDSIGNAL */
/* verilator lint_on DECLFILENAME */
