"""Units of the Unified Code for Units of Measure (UCUM), case-sensitive: those met in medicine.

Each is a factor times other units; `!` marks one that takes metric prefixes. Source: UCUM 2.2, tables 1 to 24, and for
the factors of customary units the definitions that it cites (inch 25.4 mm, pound 453.59237 g, thermochemical calorie
4.184 J, conventional millimetre of mercury 133.3220 Pa as UCUM gives it).

Differences from UCUM, all on the safe side: mole, equivalent and osmole are dimensions of their own and not plain
numbers, so that moles never become counts and equivalents become moles only with a valence.
"""

BASE = ("m", "s", "g", "rad", "K", "C", "cd", "mol", "eq", "osm")
PREFIXES = {
    "Y": 1e24, "Z": 1e21, "E": 1e18, "P": 1e15, "T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "h": 1e2, "da": 1e1,
    "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "a": 1e-18, "z": 1e-21, "y": 1e-24,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
}  # fmt: skip
TEMPERATURES = {"Cel": (1.0, 273.15), "[degF]": (5 / 9, 459.67 * 5 / 9), "[degRe]": (1.25, 273.15)}
"""Kelvin = factor x value + offset: such units stand alone."""

OWN = (
    "[IU]", "[arb'U]", "[USP'U]", "[GPL'U]", "[MPL'U]", "[APL'U]", "[beth'U]", "[anti'Xa'U]", "[todd'U]",
    "[dye'U]", "[smgy'U]", "[bdsk'U]", "[ka'U]", "[knk'U]", "[mclg'U]", "[tb'U]", "[CCID_50]", "[TCID_50]",
    "[EID_50]", "[PFU]", "[FFU]", "[CFU]", "[IR]", "[BAU]", "[AU]", "[Amb'a'1'U]", "[PNU]", "[Lf]", "[D'ag'U]",
    "[ELU]", "[EU]", "[pH]", "[hnsf'U]", "[HPF]", "[LPF]", "[hp_X]", "[hp_C]", "[hp_M]", "[hp_Q]", "[MET]", "B",
    "Np", "B[SPL]", "B[V]", "B[mV]", "B[uV]", "B[W]", "B[kW]", "[m/s2/Hz^0.5]", "[mesh_i]",
)  # fmt: skip
"""Arbitrary and logarithmic units: no factor leads to any other unit."""
OWN_METRIC = frozenset(("[IU]", "[arb'U]", "[EU]", "B", "Np", "B[SPL]", "B[V]", "B[W]"))

DEFINED = {
    "10*": (10.0, "1"), "10^": (10.0, "1"), "[pi]": (3.141592653589793, "1"), "%": (1e-2, "1"), "[ppth]": (1e-3, "1"),
    "[ppm]": (1e-6, "1"), "[ppb]": (1e-9, "1"), "[pptr]": (1e-12, "1"), "bit!": (1.0, "1"), "By!": (8.0, "bit"),
    "Bd!": (1.0, "/s"), "sr!": (1.0, "rad2"), "Hz!": (1.0, "s-1"), "N!": (1.0, "kg.m/s2"), "Pa!": (1.0, "N/m2"),
    "J!": (1.0, "N.m"), "W!": (1.0, "J/s"), "A!": (1.0, "C/s"), "V!": (1.0, "J/C"), "F!": (1.0, "C/V"),
    "Ohm!": (1.0, "V/A"), "S!": (1.0, "Ohm-1"), "Wb!": (1.0, "V.s"), "T!": (1.0, "Wb/m2"), "H!": (1.0, "Wb/A"),
    "lm!": (1.0, "cd.sr"), "lx!": (1.0, "lm/m2"), "Bq!": (1.0, "s-1"), "Gy!": (1.0, "J/kg"), "Sv!": (1.0, "J/kg"),
    "gon": (0.9, "deg"), "deg": (3.141592653589793 / 180, "rad"), "'": (1 / 60, "deg"), "''": (1 / 3600, "deg"),
    "circ": (2 * 3.141592653589793, "rad"), "sph": (4 * 3.141592653589793, "sr"),
    "l!": (1.0, "dm3"), "L!": (1.0, "dm3"), "ar!": (100.0, "m2"), "min": (60.0, "s"), "h": (60.0, "min"),
    "d": (24.0, "h"), "wk": (7.0, "d"), "a_t": (365.24219, "d"), "a_j": (365.25, "d"), "a_g": (365.2425, "d"),
    "a": (365.25, "d"), "mo_s": (29.53059, "d"), "mo_j": (1 / 12, "a_j"), "mo_g": (1 / 12, "a_g"),
    "mo": (1 / 12, "a"), "t!": (1000.0, "kg"), "bar!": (1e5, "Pa"), "u!": (1.6605402e-24, "g"),
    "eV!": (1.60217733e-19, "J"),
    "gf!": (9.80665, "g.m/s2"), "[g]!": (9.80665, "m/s2"), "[lbf_av]": (9.80665, "[lb_av].m/s2"),
    "dyn!": (1.0, "g.cm/s2"), "erg!": (1.0, "dyn.cm"), "P!": (1.0, "dyn.s/cm2"), "St!": (1.0, "cm2/s"),
    "G!": (1e-4, "T"), "Ci!": (3.7e10, "Bq"),
    "R!": (2.58e-4, "C/kg"), "RAD!": (100.0, "erg/g"), "REM!": (1.0, "RAD"), "atm": (101325.0, "Pa"),
    "m[H2O]!": (9.80665, "kPa"), "m[Hg]!": (133.3220, "kPa"), "[in_i'H2O]": (1.0, "m[H2O].[in_i]/m"),
    "[in_i'Hg]": (1.0, "m[Hg].[in_i]/m"), "[psi]": (1.0, "[lbf_av]/[in_i]2"), "[PRU]": (1.0, "mm[Hg].s/mL"),
    "[wood'U]": (1.0, "mm[Hg].min/L"), "[diop]": (1.0, "/m"), "[Ch]": (1 / 3, "mm"), "[S]": (1e-13, "s"),
    "[in_i]": (2.54, "cm"), "[ft_i]": (12.0, "[in_i]"), "[yd_i]": (3.0, "[ft_i]"), "[mi_i]": (5280.0, "[ft_i]"),
    "[kn_i]": (1852.0, "m/h"), "[gr]": (64.79891, "mg"), "[lb_av]": (7000.0, "[gr]"), "[oz_av]": (1 / 16, "[lb_av]"),
    "[dr_av]": (1 / 16, "[oz_av]"), "[stone_av]": (14.0, "[lb_av]"), "[oz_tr]": (480.0, "[gr]"),
    "[lb_tr]": (12.0, "[oz_tr]"), "[oz_ap]": (480.0, "[gr]"), "[car_m]": (0.2, "g"), "[gal_us]": (231.0, "[in_i]3"),
    "[qt_us]": (1 / 4, "[gal_us]"), "[pt_us]": (1 / 2, "[qt_us]"), "[cup_us]": (1 / 2, "[pt_us]"),
    "[foz_us]": (1 / 16, "[pt_us]"), "[tbs_us]": (1 / 2, "[foz_us]"), "[tsp_us]": (1 / 3, "[tbs_us]"),
    "[foz_m]": (30.0, "mL"), "[tbs_m]": (15.0, "mL"), "[tsp_m]": (5.0, "mL"), "[cup_m]": (240.0, "mL"),
    "[gal_br]": (4.54609, "L"), "[pt_br]": (1 / 8, "[gal_br]"), "[foz_br]": (1 / 20, "[pt_br]"),
    "[drp]": (1 / 20, "mL"), "cal!": (4.184, "J"), "cal_th!": (4.184, "J"), "cal_IT!": (4.1868, "J"),
    "[Cal]": (1.0, "kcal_th"),
    "[Btu_IT]": (1.05505585262, "kJ"), "kat!": (1.0, "mol/s"), "U!": (1.0, "umol/min"), "[iU]!": (1.0, "[IU]"),
    "g%!": (1.0, "g/dL"), "[degR]": (5 / 9, "K"), "[acr_us]": (4046.872609874252, "m2"),
}  # fmt: skip
