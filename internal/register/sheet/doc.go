// Package sheet owns reading tables out of files that people save from other programs, and writing one for them to repair.
//
// A file is read whole and is bounded in every direction: its bytes, what is unpacked from it, rows, columns, a cell. It is what it
// holds, not what it is called: a CSV in whichever delimiter, line ends and encoding, or the first sheet of an Excel workbook. What
// is neither is told in plain words. Cells come out as the text that a person sees: a number that is shown as 00417 is 00417, a day
// is 2027-02-01.
//
// Its neighbours: register gives it files. It imports problem, whose keys register.file.* are its sentences.
package sheet
