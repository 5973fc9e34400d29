using System.IO;
